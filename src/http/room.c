#include "http/room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define TURN_MS	      200
#define LAST_WORDS_MS 2000	  /* at the end, for answers that are on their way */
#define MEMORY_LIMIT  (32u << 10) /* request line and headers of a connection */
#define PEM_BYTES     (64u << 10)

void http_room_complain(struct http_room *h, const char *source, const char *what)
{
	uint32_t held_back = 0;
	bool may;

	pthread_mutex_lock(&h->log_lock);
	may = log_limit(&h->limiter, source, clock_mono_ms(), &held_back);
	pthread_mutex_unlock(&h->log_lock);
	if (may)
		log_warn("http", "%s from %s (%u more held back)", what, source, held_back);
}

__attribute__((format(printf, 2, 0))) static void daemon_log(void *arg, const char *fmt, va_list ap)
{
	char text[256];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	while (n > 0 && n < (int)sizeof(text) && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
	/* browsers come and go: that is no news */
	if (strstr(text, "socket") || strstr(text, "Failed to send") || strstr(text, "forcibly"))
		log_debug("http", "%s", text);
	else
		http_room_complain(arg, "libmicrohttpd", text);
}

/* libmicrohttpd's own decoding would cut a path at %00: uri.c decodes. */
static size_t dont_decode(void *arg, struct MHD_Connection *con, char *text)
{
	return strlen(text);
}

static void *tick(void *arg)
{
	struct http_room *h = arg;
	struct pollfd p = {.fd = ring_fd(h->events.published), .events = POLLIN};

	while (!atomic_load(&h->stop)) {
		int64_t mono_ms;

		poll(&p, 1, TURN_MS);
		mono_ms = clock_mono_ms();
		http_events_turn(&h->events, mono_ms);
		http_watch_turn(h, mono_ms);
	}
	return NULL;
}

static int read_pem(const char *name, char **out)
{
	FILE *f = fopen(name, "re");
	char *text;
	size_t n;

	if (!f) {
		int err = errno;

		log_error("http", "%s: %s", name, strerror(err));
		return err;
	}
	text = calloc(1, PEM_BYTES);
	n = text ? fread(text, 1, PEM_BYTES - 1, f) : 0;
	fclose(f);
	if (n == 0) {
		free(text);
		return text ? EINVAL : ENOMEM;
	}
	*out = text;
	return 0;
}

static int listen_address(const struct http_config *cfg, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	const char *text = cfg->listen ? cfg->listen : "127.0.0.1";

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(cfg->port);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(cfg->port);
		return 0;
	}
	return EINVAL;
}

static int start_daemon(struct http_room *h, const struct http_config *cfg)
{
	struct sockaddr_storage sa;
	const union MHD_DaemonInfo *info;
	struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, h->cert},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, h->key},
	    {MHD_OPTION_HTTPS_PRIORITIES, 0, "SECURE128:-VERS-TLS1.0:-VERS-TLS1.1"},
	    {MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG | (h->tls ? MHD_USE_TLS : 0);
	/* behind a proxy all connections have one address */
	unsigned per_ip = h->proxy_count ? 0 : HTTP_CONNECTIONS_IP;
	int err = listen_address(cfg, &sa);

	if (err)
		return err;
	if (sa.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	if (!h->tls)
		tls[0].option = MHD_OPTION_END;
	errno = 0;
	h->daemon = MHD_start_daemon(
	    flags, 0, NULL, NULL, http_request_handle, h, MHD_OPTION_EXTERNAL_LOGGER, daemon_log, h,
	    MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&sa, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
	    MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    per_ip, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_LIMIT, MHD_OPTION_STRICT_FOR_CLIENT,
	    1, MHD_OPTION_UNESCAPE_CALLBACK, dont_decode, h, MHD_OPTION_URI_LOG_CALLBACK,
	    http_request_begin, h, MHD_OPTION_NOTIFY_COMPLETED, http_request_end, h,
	    MHD_OPTION_NOTIFY_CONNECTION, http_watch_notify, h, MHD_OPTION_ARRAY, tls,
	    MHD_OPTION_END);
	if (!h->daemon)
		return errno ? errno : EINVAL;
	info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);
	h->port = info ? info->port : cfg->port;
	return 0;
}

static int take_config(struct http_room *h, const struct http_config *cfg)
{
	int err = 0;

	if (!cfg->cert_file != !cfg->key_file || cfg->proxy_count > HTTP_PROXIES)
		return EINVAL;
	h->route = cfg->route;
	h->route_count = cfg->route_count;
	h->arg = cfg->arg;
	h->texts = cfg->texts;
	h->proxy_count = cfg->proxy_count;
	for (unsigned i = 0; i < cfg->proxy_count; i++)
		if (TEXT_COPY(h->proxy[i], cfg->proxy[i]))
			return EINVAL;
	if (cfg->metrics_token && *cfg->metrics_token) {
		h->metrics_token = strdup(cfg->metrics_token);
		if (!h->metrics_token)
			return ENOMEM;
	}
	if (cfg->cert_file) {
		h->tls = true;
		err = read_pem(cfg->cert_file, &h->cert);
		if (!err)
			err = read_pem(cfg->key_file, &h->key);
	}
	if (!err && cfg->console_dir)
		err = http_files_read(&h->files, cfg->console_dir);
	return err;
}

int http_room_alloc(struct http_room **hp, const struct http_config *cfg)
{
	struct http_room *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return ENOMEM;
	pthread_mutex_init(&h->log_lock, NULL);
	pthread_mutex_init(&h->health.lock, NULL);
	pthread_mutex_init(&h->metrics.lock, NULL);
	pthread_mutex_init(&h->attempts.lock, NULL);
	pthread_mutex_init(&h->watch.lock, NULL);
	err = http_sessions_init(&h->sessions, cfg->sessions_file, cfg->session_idle_ms,
				 cfg->session_max_ms);
	if (!err)
		err = http_events_init(&h->events);
	if (!err)
		err = take_config(h, cfg);
	if (!err)
		err = http_pool_init(&h->pool, h, cfg->workers);
	if (!err) {
		err = pthread_create(&h->ticker, NULL, tick, h);
		h->ticker_runs = !err;
	}
	if (!err)
		err = start_daemon(h, cfg);
	if (err) {
		http_room_free(h);
		return err;
	}
	*hp = h;
	return 0;
}

/* No new connections, workers drained, streams ended, then what is on its way may still go. */
static void wind_down(struct http_room *h)
{
	int64_t until_ms = clock_mono_ms() + LAST_WORDS_MS;
	MHD_socket fd = h->daemon ? MHD_quiesce_daemon(h->daemon) : MHD_INVALID_SOCKET;

	http_pool_clear(&h->pool);
	http_events_close(&h->events);
	while (h->daemon && atomic_load(&h->active) > 0 && clock_mono_ms() < until_ms)
		usleep(5000);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	h->daemon = NULL;
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
}

void http_room_free(struct http_room *h)
{
	if (!h)
		return;
	wind_down(h);
	atomic_store(&h->stop, true);
	if (h->ticker_runs)
		pthread_join(h->ticker, NULL);
	http_events_clear(&h->events);
	http_sessions_clear(&h->sessions);
	http_files_clear(&h->files);
	pthread_mutex_destroy(&h->log_lock);
	pthread_mutex_destroy(&h->health.lock);
	pthread_mutex_destroy(&h->metrics.lock);
	pthread_mutex_destroy(&h->attempts.lock);
	pthread_mutex_destroy(&h->watch.lock);
	free(h->health.text);
	free(h->metrics.text);
	free(h->metrics_token);
	free(h->cert);
	free(h->key);
	free(h);
}

uint16_t http_room_port(const struct http_room *h)
{
	return h->port;
}

static void text_set(struct http_text *t, bool ok, const char *text)
{
	char *copy = strdup(text), *old;

	if (!copy)
		return;
	pthread_mutex_lock(&t->lock);
	old = t->text;
	t->text = copy;
	t->ok = ok;
	pthread_mutex_unlock(&t->lock);
	free(old);
}

void http_room_health_set(struct http_room *h, bool ok, const char *json)
{
	text_set(&h->health, ok, json);
}

void http_room_metrics_set(struct http_room *h, const char *text)
{
	text_set(&h->metrics, true, text);
}

void http_room_sessions_end(struct http_room *h, uint32_t user)
{
	http_sessions_close_user(&h->sessions, user);
}

void http_room_sessions_sift(struct http_room *h, http_keep *keep, void *arg)
{
	http_sessions_sift(&h->sessions, keep, arg);
}

void http_room_figures(struct http_room *h, struct http_figures *out)
{
	struct http_figures f = {0};

	f.requests = atomic_load(&h->requests);
	f.refused = atomic_load(&h->refused);
	f.events_lost = atomic_load(&h->lost);
	f.queued = http_pool_count(&h->pool);
	pthread_mutex_lock(&h->events.lock);
	f.events = h->events.next - 2;
	f.streams = h->events.stream_count;
	pthread_mutex_unlock(&h->events.lock);
	pthread_mutex_lock(&h->watch.lock);
	f.connections = h->watch.count;
	pthread_mutex_unlock(&h->watch.lock);
	pthread_mutex_lock(&h->sessions.lock);
	f.sessions = h->sessions.count;
	pthread_mutex_unlock(&h->sessions.lock);
	*out = f;
}
