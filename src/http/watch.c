/*
 * The watchdog: libmicrohttpd's time-out counts idle time only, so a client that sends a byte now
 * and then would keep its connection for ever. A connection past its deadline is shut down, and
 * libmicrohttpd then closes it.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/room.h"

void http_watch_address(const struct sockaddr *sa, char out[HTTP_ADDRESS])
{
	char text[INET6_ADDRSTRLEN] = "";

	if (sa && sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, text,
			  sizeof(text));
	else if (sa && sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
			  text, sizeof(text));
	text_copy(out, HTTP_ADDRESS, text_starts(text, "::ffff:") ? text + 7 : text);
}

void http_watch_notify(void *arg, struct MHD_Connection *con, void **context,
		       enum MHD_ConnectionNotificationCode code)
{
	struct http_room *h = arg;
	struct http_watched *w = *context;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (!w)
			return;
		pthread_mutex_lock(&h->watch.lock);
		*w->prev = w->next;
		if (w->next)
			w->next->prev = w->prev;
		h->watch.count--;
		pthread_mutex_unlock(&h->watch.lock);
		free(w);
		*context = NULL;
		return;
	}
	info = MHD_get_connection_info(con, MHD_CONNECTION_INFO_CONNECTION_FD);
	w = info ? calloc(1, sizeof(*w)) : NULL;
	if (!w)
		return;
	w->fd = info->connect_fd;
	info = MHD_get_connection_info(con, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	http_watch_address(info ? info->client_addr : NULL, w->address);
	w->deadline_ms = clock_mono_ms() + HTTP_REQUEST_MS;
	pthread_mutex_lock(&h->watch.lock);
	w->next = h->watch.first;
	w->prev = &h->watch.first;
	if (w->next)
		w->next->prev = &w->next;
	h->watch.first = w;
	h->watch.count++;
	pthread_mutex_unlock(&h->watch.lock);
	*context = w;
}

void http_watch_until(struct http_room *h, struct MHD_Connection *con, int64_t deadline_ms,
		      bool asking)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(con, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_watched *w = info ? info->socket_context : NULL;

	if (!w)
		return;
	pthread_mutex_lock(&h->watch.lock);
	w->deadline_ms = deadline_ms;
	w->asking = asking;
	pthread_mutex_unlock(&h->watch.lock);
}

void http_watch_turn(struct http_room *h, int64_t mono_ms)
{
	pthread_mutex_lock(&h->watch.lock);
	for (struct http_watched *w = h->watch.first; w; w = w->next) {
		if (!w->deadline_ms || w->deadline_ms > mono_ms)
			continue;
		if (w->asking)
			http_room_complain(h, w->address, "slow sender");
		shutdown(w->fd, SHUT_RDWR);
		w->deadline_ms = 0;
	}
	pthread_mutex_unlock(&h->watch.lock);
}
