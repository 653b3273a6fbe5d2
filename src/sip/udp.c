/*
 * The UDP socket of an interface. libre takes one datagram a wake-up and answers each by a call of
 * its own; system calls and the waking of another core would be half of the work. Here a round
 * takes what is there, up to BATCH datagrams, gives them to libre one by one, and sends the answers
 * that this brings together at its end (docs/decisions/010).
 *
 * libre creates the socket and hands out its receive handler only to udp_listen, which it calls
 * through its PLT: the function of that name here notes both (and every other socket passes it).
 *
 * Invariants
 *   answers are queued only during a round; after it the queue is empty
 *   what isn't an answer goes at once, after all that is queued: an error of sending a request is
 *     for who sends it, and the order of what goes out is the order of sending
 *   the room isn't closed from inside a round
 */
#include <ctype.h>
#include <dlfcn.h>
#include <sys/socket.h>

#include "sip/priv.h"

#define BATCH	      64
#define SOCKET_BUFFER (4 << 20)
#define TUNE_LAYER    10 /* of the UDP helper; only order counts */
/* Of a datagram's place: not a power of two, or all of them would share a few sets of the cache. */
#define PLACE (SIP_MSG_MAX + 1088)

struct incoming {
	struct sa src[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
	uint8_t data[BATCH][PLACE]; /* touched as far as datagrams fill it */
};

struct outgoing {
	struct sa dst[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
	struct mbuf *mb[BATCH];
	unsigned count;
};

struct sip_udp {
	struct sip_iface *f; /* owns this */
	struct udp_sock *sock;
	struct udp_helper *helper;
	udp_recv_h *handler; /* libre's */
	void *arg;
	int fd;
	bool in_round;
	struct incoming *in;
	struct outgoing out;
};

static _Thread_local struct sip_udp *opening;

int udp_listen(struct udp_sock **usp, const struct sa *local, udp_recv_h *rh, void *arg)
{
	int (*theirs)(struct udp_sock **, const struct sa *, udp_recv_h *, void *);
	int err;

	*(void **)&theirs = dlsym(RTLD_NEXT, "udp_listen");
	err = theirs ? theirs(usp, local, rh, arg) : ENOSYS;
	if (!err && opening) {
		opening->sock = mem_ref(*usp);
		opening->handler = rh;
		opening->arg = arg;
	}
	return err;
}

/* ---- Datagrams before libre ---- */

static bool blank(const uint8_t *p, size_t n)
{
	while (n && (*p == '\r' || *p == '\n' || *p == ' ' || *p == '\0')) {
		p++;
		n--;
	}
	return n == 0;
}

static bool first_line_good(const uint8_t *p, size_t n)
{
	const uint8_t *end = memchr(p, '\n', n);
	size_t len;

	if (!end)
		return false;
	len = (size_t)(end - p);
	if (len && p[len - 1] == '\r')
		len--;
	if (len > 12 && !memcmp(p, "SIP/2.0 ", 8))
		return true;
	return len > 10 && !memcmp(p + len - 8, " SIP/2.0", 8);
}

/* libre prints a line for each datagram that it can't decode: those that cannot be SIP end here.
 * What may be STUN (first byte 0 or 1) is libre's. */
static bool is_for_libre(struct sip_udp *u, const struct sa *src, const uint8_t *p, size_t n)
{
	if (n <= 4)
		return false; /* a keep-alive; libre takes it for one too */
	if (p[0] <= 1)
		return true;
	if (isgraph(p[0]) && first_line_good(p, n)) /* a method may begin with any token's sign */
		return true;
	if (blank(p, n))
		return false; /* a keep-alive */
	u->f->room->stats.malformed++;
	sip_complain(u->f->room, src, "not SIP");
	return false;
}

/* ---- A round ---- */

static void flush(struct sip_udp *u)
{
	struct outgoing *o = &u->out;
	char line[160];

	for (unsigned done = 0; done < o->count;) {
		int n = sendmmsg(u->fd, o->msg + done, o->count - done, 0);

		if (n > 0) {
			done += (unsigned)n;
		} else if (errno != EINTR) {
			re_snprintf(line, sizeof(line), "can't be answered: %m", errno);
			sip_complain(u->f->room, &o->dst[done++], line);
		}
	}
	while (o->count)
		mem_deref(o->mb[--o->count]);
}

static bool is_answer(const struct mbuf *mb)
{
	return mbuf_get_left(mb) > 8 && !memcmp(mbuf_buf(mb), "SIP/2.0 ", 8);
}

/* True when it is taken, or libre sends it. */
static bool send_handler(int *err, struct sa *dst, struct mbuf *mb, void *arg)
{
	struct sip_udp *u = arg;
	struct outgoing *o = &u->out;
	unsigned i;
	(void)err;

	if (!u->in_round)
		return false;
	if (o->count == BATCH || !is_answer(mb))
		flush(u);
	if (!is_answer(mb))
		return false;
	i = o->count++;
	o->mb[i] = mem_ref(mb);
	o->dst[i] = *dst;
	o->iov[i] = (struct iovec){mbuf_buf(mb), mbuf_get_left(mb)};
	o->msg[i].msg_hdr = (struct msghdr){.msg_name = &o->dst[i].u,
					    .msg_namelen = dst->len,
					    .msg_iov = &o->iov[i],
					    .msg_iovlen = 1};
	return true;
}

/* libre keeps what it needs of the buffer: one of the datagram's own size. */
void sip_udp_take(struct sip_udp *u, struct sa *src, const uint8_t *p, size_t n)
{
	struct mbuf *mb;

	if (!is_for_libre(u, src, p, n))
		return;
	mb = mbuf_alloc(n);
	if (!mb)
		return;
	memcpy(mb->buf, p, n);
	mb->end = n;
	u->handler(src, mb, u->arg);
	mem_deref(mb);
}

static void round_handler(int flags, void *arg)
{
	struct sip_udp *u = arg;
	struct incoming *in = u->in;
	int n = recvmmsg(u->fd, in->msg, BATCH, MSG_DONTWAIT, NULL);
	(void)flags;

	u->in_round = true;
	for (int i = 0; i < n; i++) {
		in->src[i].len = in->msg[i].msg_hdr.msg_namelen;
		in->msg[i].msg_hdr.msg_namelen = sizeof(in->src[i].u);
		sip_udp_take(u, &in->src[i], in->data[i], in->msg[i].msg_len);
	}
	u->in_round = false;
	flush(u);
}

/* ---- Opening ---- */

static void destructor(void *data)
{
	struct sip_udp *u = data;

	if (u->sock)
		fd_close(u->fd);
	mem_deref(u->helper);
	mem_deref(u->sock);
	mem_deref(u->in);
}

static int incoming_new(struct incoming **inp)
{
	struct incoming *in = mem_alloc(sizeof(*in), NULL); /* zeroing would touch all of it */

	if (!in)
		return ENOMEM;
	memset(in->msg, 0, sizeof(in->msg));
	for (unsigned i = 0; i < BATCH; i++) {
		in->iov[i] = (struct iovec){in->data[i], SIP_MSG_MAX};
		in->msg[i].msg_hdr = (struct msghdr){.msg_name = &in->src[i].u,
						     .msg_namelen = sizeof(in->src[i].u),
						     .msg_iov = &in->iov[i],
						     .msg_iovlen = 1};
	}
	*inp = in;
	return 0;
}

static int take_over(struct sip_udp *u, int af)
{
	const int tos = 0x60; /* CS3, RFC 4594: signalling */
	const int level = af == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int err;

	u->fd = udp_sock_fd(u->sock, af);
	(void)udp_sockbuf_set(u->sock, SOCKET_BUFFER);
	(void)udp_setsockopt(u->sock, level, level == IPPROTO_IP ? IP_TOS : IPV6_TCLASS, &tos,
			     sizeof(tos));
	err = udp_register_helper(&u->helper, u->sock, TUNE_LAYER, send_handler, NULL, u);
	if (err)
		return err;
	fd_close(u->fd);
	return fd_listen(u->fd, FD_READ, round_handler, u);
}

int sip_udp_open(struct sip_iface *f, const struct sa *local)
{
	struct sip_udp *u = mem_zalloc(sizeof(*u), destructor);
	int err;

	if (!u)
		return ENOMEM;
	u->f = f;
	err = incoming_new(&u->in);
	if (err)
		goto out;
	opening = u;
	err = sip_transp_add(f->sip, SIP_TRANSP_UDP, local);
	opening = NULL;
	if (!err)
		err = u->sock ? take_over(u, sa_af(local)) : ENOTSUP;
	if (err)
		goto out;
	f->udp = u;
out:
	if (err)
		mem_deref(u);
	return err;
}
