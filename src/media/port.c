/*
 * Sockets. A leg whose far address is known exactly shares a socket with others and is found by
 * that address; any other leg has its own, or one caller's sound could reach another's ear.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "media/room.h"

#define SHARED_BUFFER (4 << 20)
#define RTCP_BUFFER   2048 /* nobody reads it: it is there so that reports aren't refused */
#define TAKE_TRIES    1024

static int bind_udp(const struct media *m, unsigned interface, uint16_t number, int *fdp)
{
	const int tos = m->cfg.tos, on = 1;
	union address a;
	int fd, err;

	err = address_make(&a, m->cfg.interface[interface].local_ip, number);
	if (err)
		return err;
	fd = socket(a.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (a.any.sa_family == AF_INET6) {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	} else {
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	}
	if (bind(fd, &a.any, address_len(&a)) < 0) {
		err = errno;
		close(fd);
		return err;
	}
	*fdp = fd;
	return 0;
}

int port_open(struct port *p, const struct media *m, unsigned interface, uint16_t number)
{
	int fd = -1, err = bind_udp(m, interface, number, &fd);

	if (err)
		return err;
	memset(p, 0, sizeof(*p));
	p->fd = fd;
	p->rtcp_fd = -1;
	p->number = number;
	p->interface = (uint16_t)interface;
	p->v6 = strchr(m->cfg.interface[interface].local_ip, ':') != NULL;
	return 0;
}

void port_close(struct port *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->rtcp_fd >= 0)
		close(p->rtcp_fd);
	free(p->bucket);
	p->fd = p->rtcp_fd = -1;
	p->bucket = NULL;
}

int port_take(struct media *m, unsigned interface, struct port *p)
{
	const uint32_t first = (m->cfg.port_min + 1U) & ~1U;
	const uint32_t pairs = m->cfg.port_max > first ? (m->cfg.port_max - first + 1U) / 2 : 0;
	int err = ENOBUFS;

	for (uint32_t i = 0; i < pairs && i < TAKE_TRIES; i++) {
		uint32_t pair = m->next_port[interface]++ % pairs;

		err = port_open(p, m, interface, (uint16_t)(first + pair * 2));
		if (err != EADDRINUSE && err != EACCES)
			return err;
	}
	return ENOBUFS;
}

int port_watch(struct engine *e, struct port *p)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};
	const int room = SHARED_BUFFER;

	if (p->shared) {
		p->bucket = calloc(DEMUX_BUCKETS, sizeof(struct leg *));
		if (!p->bucket)
			return ENOMEM;
		if (setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
			setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		if (setsockopt(p->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
			setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	}
	return epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, p->fd, &ev) < 0 ? errno : 0;
}

void port_want_rtcp(struct port *p, const struct media *m)
{
	const int room = RTCP_BUFFER;

	if (p->rtcp_fd >= 0 || p->number == UINT16_MAX)
		return;
	if (bind_udp(m, p->interface, (uint16_t)(p->number + 1), &p->rtcp_fd))
		p->rtcp_fd = -1;
	else
		setsockopt(p->rtcp_fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

static struct leg **bucket_of(const struct port *p, const union address *a)
{
	return &p->bucket[address_hash(a) % DEMUX_BUCKETS];
}

static struct leg *find_leg(const struct port *p, const union address *from)
{
	struct leg *l;

	if (!p->shared)
		return p->only;
	l = *bucket_of(p, from);
	while (l && !address_same(&l->remote, from))
		l = l->demux_next;
	return l;
}

/* A phone may begin its next call at the address of one that is ending: the older leg is heard
 * first, and the younger as soon as that is gone. */
void port_learn(struct engine *e, struct leg *l)
{
	struct leg **at;

	if (!l->port->shared || !l->addressed)
		return;
	if (find_leg(l->port, &l->remote))
		engine_complain_leg(e, l, "says that it is where another leg is: heard after it");
	at = bucket_of(l->port, &l->remote);
	while (*at)
		at = &(*at)->demux_next;
	l->demux_next = NULL;
	*at = l;
}

void port_forget(struct leg *l)
{
	struct leg **at;

	if (!l->port->shared || !l->addressed)
		return;
	at = bucket_of(l->port, &l->remote);
	while (*at && *at != l)
		at = &(*at)->demux_next;
	if (*at)
		*at = l->demux_next;
	l->demux_next = NULL;
}

void port_receive(struct engine *e, struct port *p)
{
	const unsigned room = p->shared ? BATCH : BATCH_OWN;
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	int n;

	for (unsigned i = 0; i < room; i++) {
		iov[i] = (struct iovec){e->rx_data[i], PACKET_MAX};
		msg[i].msg_hdr = (struct msghdr){.msg_name = &e->rx_from[i],
						 .msg_namelen = sizeof(e->rx_from[i]),
						 .msg_iov = &iov[i],
						 .msg_iovlen = 1};
	}
	n = recvmmsg(p->fd, msg, room, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct leg *l = find_leg(p, &e->rx_from[i]);

		engine_count(e, COUNT_RX, 1);
		if (!l) {
			engine_count(e, COUNT_STRANGER, 1);
			engine_complain(e, &e->rx_from[i], "is at no leg of a shared port");
			continue;
		}
		if (msg[i].msg_hdr.msg_flags & MSG_TRUNC) {
			engine_count(e, COUNT_GARBAGE, 1);
			continue;
		}
		leg_receive(e, l, e->rx_data[i], msg[i].msg_len, &e->rx_from[i]);
	}
}

uint8_t *batch_next(struct engine *e)
{
	if (e->batch.count == BATCH)
		batch_send(e);
	return e->batch.data[e->batch.count];
}

void batch_add(struct engine *e, int fd, const union address *to, size_t len)
{
	unsigned i = e->batch.count++;

	e->batch.head[i].fd = fd;
	e->batch.head[i].len = (uint16_t)len;
	e->batch.head[i].to = *to;
}

/* A packet that the network refuses is passed over; a full socket loses the rest of its batch,
 * since sound that waits is worth nothing. */
static void send_all(struct engine *e, int fd, struct mmsghdr *msg, unsigned count)
{
	unsigned at = 0;

	while (at < count) {
		int n = count - at == 1 ? (int)sendmsg(fd, &msg[at].msg_hdr, MSG_DONTWAIT)
					: sendmmsg(fd, msg + at, count - at, MSG_DONTWAIT);

		if (n > 0) {
			n = count - at == 1 ? 1 : n;
			engine_count(e, COUNT_TX, (uint64_t)n);
			at += (unsigned)n;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			engine_count(e, COUNT_TX_FAILED, count - at);
			return;
		} else if (errno != EINTR) {
			engine_count(e, COUNT_TX_FAILED, 1);
			at++;
		}
	}
}

void batch_send(struct engine *e)
{
	struct batch *b = &e->batch;
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];

	for (unsigned i = 0; i < b->count; i++) {
		const int fd = b->head[i].fd;
		unsigned n = 0;

		if (fd < 0)
			continue;
		for (unsigned k = i; k < b->count; k++) {
			if (b->head[k].fd != fd)
				continue;
			iov[n] = (struct iovec){b->data[k], b->head[k].len};
			msg[n].msg_hdr = (struct msghdr){
				.msg_name = &b->head[k].to,
				.msg_namelen = address_len(&b->head[k].to),
				.msg_iov = &iov[n],
				.msg_iovlen = 1};
			b->head[k].fd = -1;
			n++;
		}
		send_all(e, fd, msg, n);
	}
	b->count = 0;
}
