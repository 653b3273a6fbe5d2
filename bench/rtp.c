/*
 * The far ends' sound, and the bare loops that a figure is held against.
 *
 *   rtp far PORT SECONDS WARM [LEGS]   all legs at one socket: leg n is 127.x.y.z:PORT, xyz = n.
 *       LEGS is a file with a line a leg, "ADDRESS SERVER-ADDRESS SERVER-PORT": what is spoken to.
 *       Without it the legs only listen. Lasts WARM + SECONDS, of which SECONDS are counted.
 *   rtp send SECONDS                   bare loop: packets a second on one shared socket
 *   rtp relay SECONDS                  bare loop: packets a second in and out, shared socket
 *
 * Prints one line of JSON. Times are the kernel's (SO_TIMESTAMPNS). Lateness is against the leg's
 * own 20 ms grid when it only listens, and against the time of sending (carried in the payload)
 * when it is spoken to. A gap is 30 ms and more between two packets that were sent evenly.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEGS_MAX    65536
#define SECONDS_MAX 120
#define BATCH	    64
#define STEPS	    20 /* the legs are spread over so many slices of the 20 ms */
#define FRAME_NS    20000000LL
#define GAP_NS	    30000000LL
#define BIN_NS	    10000
#define BINS	    20000 /* 200 ms; the last holds all that is later */
#define PACKET	    172
#define BUFFER	    (64 << 20)

struct leg {
	uint32_t source, to; /* network order */
	uint16_t to_port;
	bool heard, counted;
	uint16_t seq;
	uint32_t ts0;
	int64_t base, last, last_sent;
};

static struct {
	struct leg leg[LEGS_MAX];
	uint32_t speak[LEGS_MAX]; /* indices of legs that are spoken to */
	unsigned speakers;
	int fd;
	bool counting;
	uint64_t in, out, lost, gaps, own_late, refused, legs_heard;
	int64_t worst;
	uint64_t bin[BINS];
} g;

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_socket(uint32_t address, uint16_t port)
{
	const int on = 1, room = BUFFER;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port),
				.sin_addr.s_addr = htonl(address)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		die("rtp: bind");
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

/* ---- what is heard ---- */

static void count_late(int64_t ns)
{
	if (ns < 0)
		ns = 0;
	if (ns > g.worst)
		g.worst = ns;
	g.bin[ns / BIN_NS < BINS ? ns / BIN_NS : BINS - 1]++;
}

static int64_t sent_at(const uint8_t *p, size_t len)
{
	int64_t sent = 0;

	if (g.speakers && len >= 20)
		memcpy(&sent, p + 12, sizeof(sent));
	return sent;
}

static uint32_t stamp_of(const uint8_t *p)
{
	return (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
}

/* No packet for so long, and the far end didn't pause either. */
static bool is_gap(const struct leg *l, int64_t at, int64_t sent)
{
	return at - l->last >= GAP_NS && (!sent || sent - l->last_sent < GAP_NS - 5000000);
}

static void leg_take(struct leg *l, const uint8_t *p, size_t len, int64_t at)
{
	const uint16_t seq = (uint16_t)(p[2] << 8 | p[3]);
	const uint32_t ts = stamp_of(p);
	const int64_t sent = sent_at(p, len);
	const bool again = !l->heard || p[1] & 0x80 || (uint32_t)(ts - l->ts0) > 8000U * 600;
	const uint16_t step = (uint16_t)(seq - l->seq);
	int64_t grid;

	if (again) { /* a new stretch of sound has a grid of its own */
		l->heard = true;
		l->ts0 = ts;
		l->base = at;
	}
	grid = at - (int64_t)(uint32_t)(ts - l->ts0) * 125000;
	if (grid < l->base)
		l->base = grid;
	if (g.counting) {
		g.in++;
		if (!l->counted)
			g.legs_heard++;
		else if (!again && step > 1 && step < 1000)
			g.lost += step - 1U;
		if (l->counted && !again && is_gap(l, at, sent))
			g.gaps++;
		count_late(sent ? at - sent : grid - l->base);
		l->counted = true;
	}
	l->seq = seq;
	l->last = at;
	l->last_sent = sent;
}

static void take_one(const struct msghdr *h, const uint8_t *p, size_t len)
{
	int64_t at = 0;
	uint32_t dst = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR((struct msghdr *)h, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec ts;

			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			at = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			dst = ntohl(info.ipi_addr.s_addr) & 0xFFFFFF;
		}
	}
	if (at && dst < LEGS_MAX && len >= 12 && (p[0] & 0xC0) == 0x80 && (p[1] & 0x7F) < 64)
		leg_take(&g.leg[dst], p, len, at);
}

/* Takes what is there, at most a few batches: the speaking mustn't wait. */
static void take(void)
{
	static uint8_t data[BATCH][256];
	static char control[BATCH][128];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	int n = BATCH;

	for (int round = 0; round < 16 && n == BATCH; round++) {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){data[i], sizeof(data[i])};
			msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1,
							 .msg_control = control[i],
							 .msg_controllen = sizeof(control[i])};
		}
		n = recvmmsg(g.fd, msg, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			take_one(&msg[i].msg_hdr, data[i], msg[i].msg_len);
	}
}

/* ---- what is said ---- */

struct out {
	uint8_t data[PACKET];
	struct sockaddr_in to;
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control;
};

static void build(struct out *o, struct msghdr *h, struct iovec *iov, const struct leg *l,
		  uint16_t seq, int64_t now)
{
	const uint32_t ts = htonl(seq * 160U);
	const uint16_t s = htons(seq);
	struct in_pktinfo info = {.ipi_spec_dst.s_addr = l->source};
	struct cmsghdr *c;

	o->data[0] = 0x80;
	o->data[1] = 8;
	memcpy(o->data + 2, &s, 2);
	memcpy(o->data + 4, &ts, 4);
	memcpy(o->data + 8, &l->source, 4);
	memcpy(o->data + 12, &now, 8);
	memset(o->data + 20, 0xD5, PACKET - 20);
	o->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = l->to_port,
				     .sin_addr.s_addr = l->to};
	*iov = (struct iovec){o->data, PACKET};
	*h = (struct msghdr){.msg_name = &o->to, .msg_namelen = sizeof(o->to), .msg_iov = iov,
			     .msg_iovlen = 1, .msg_control = o->control.room,
			     .msg_controllen = sizeof(o->control.room)};
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
}

static void flush(struct mmsghdr *msg, unsigned n)
{
	for (unsigned done = 0; done < n;) {
		int k = sendmmsg(g.fd, msg + done, n - done, 0);

		if (k <= 0) {
			g.refused++;
			k = 1; /* that one only: an unreachable port is told on a later packet */
		} else if (g.counting)
			g.out += (unsigned)k;
		done += (unsigned)k;
	}
}

static void say(unsigned slice, uint16_t seq)
{
	static struct out out[BATCH];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	const int64_t now = now_ns(CLOCK_REALTIME);
	unsigned n = 0;

	for (unsigned i = slice; i < g.speakers; i += STEPS) {
		build(&out[n], &msg[n].msg_hdr, &iov[n], &g.leg[g.speak[i]], seq, now);
		if (++n == BATCH) {
			flush(msg, n);
			n = 0;
		}
	}
	flush(msg, n);
}

static void read_legs(const char *path)
{
	char a[32], s[32], line[128];
	unsigned port;
	FILE *f = fopen(path, "r");

	if (!f)
		die("rtp: legs");
	while (g.speakers < LEGS_MAX && fgets(line, sizeof(line), f)) {
		struct in_addr own, to;
		struct leg *l;

		if (sscanf(line, "%31s %31s %u", a, s, &port) != 3 || !inet_aton(a, &own) ||
		    !inet_aton(s, &to) || (ntohl(own.s_addr) & 0xFFFFFF) >= LEGS_MAX)
			continue;
		l = &g.leg[ntohl(own.s_addr) & 0xFFFFFF];
		l->source = own.s_addr;
		l->to = to.s_addr;
		l->to_port = htons((uint16_t)port);
		g.speak[g.speakers++] = ntohl(own.s_addr) & 0xFFFFFF;
	}
	fclose(f);
}

static double percentile(double p)
{
	uint64_t sum = 0, all = 0;

	for (unsigned i = 0; i < BINS; i++)
		all += g.bin[i];
	for (unsigned i = 0; i < BINS; i++) {
		sum += g.bin[i];
		if (all && (double)sum >= p * (double)all)
			return (i + 1) * (BIN_NS / 1e6);
	}
	return 0;
}

static void report(double cpu, double wall)
{
	printf("{\"legs\": %llu, \"in\": %llu, \"out\": %llu, \"lost\": %llu, \"gaps\": %llu, "
	       "\"gap_percent\": %.4f, \"late_p50_ms\": %.2f, \"late_p99_ms\": %.2f, "
	       "\"late_max_ms\": %.2f, \"own_late\": %llu, \"refused\": %llu, \"cpu\": %.3f}\n",
	       (unsigned long long)g.legs_heard, (unsigned long long)g.in,
	       (unsigned long long)g.out, (unsigned long long)g.lost, (unsigned long long)g.gaps,
	       g.in ? 100.0 * (double)g.gaps / (double)g.in : 0, percentile(0.5),
	       percentile(0.99), (double)g.worst / 1e6, (unsigned long long)g.own_late,
	       (unsigned long long)g.refused, cpu / wall);
}

static int far_ends(uint16_t port, unsigned seconds, unsigned warm, const char *legs)
{
	const int64_t slice = FRAME_NS / (legs ? STEPS : 4), start = now_ns(CLOCK_MONOTONIC);
	const int64_t count_from = start + warm * 1000000000LL;
	const int64_t end = count_from + seconds * 1000000000LL;
	int64_t due = start, now = start;
	uint64_t step = 0;
	double cpu = 0;

	g.fd = open_socket(INADDR_ANY, port);
	if (legs)
		read_legs(legs);
	while (now < end) {
		const struct timespec wait = {0, due > now ? due - now : 0};

		if (!g.counting && now >= count_from) {
			g.counting = true;
			cpu = cpu_s();
		}
		/* not woken by packets: their times are the kernel's, and many are taken at once */
		nanosleep(&wait, NULL);
		take();
		now = now_ns(CLOCK_MONOTONIC);
		if (now - due > 100000000) {
			g.own_late++; /* the figure is void, and shows it */
			due = now;
		}
		for (unsigned i = 0; i < STEPS && now >= due; i++, step++, due += slice)
			say(step % STEPS, (uint16_t)(step / STEPS));
	}
	report(cpu_s() - cpu, seconds);
	return 0;
}

/* ---- bare loops ---- */

#define BARE_PORT 39770

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static pid_t fork_far(int cpu)
{
	pid_t child = fork();

	if (child < 0)
		die("rtp: fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(cpu);
	}
	return child;
}

static void drain(int fd)
{
	static uint8_t data[BATCH][256];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];

	for (;;) {
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){data[i], sizeof(data[i])};
			msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
		}
		recvmmsg(fd, msg, BATCH, MSG_WAITFORONE, NULL);
	}
}

static void fill(struct mmsghdr *msg, struct iovec *iov, struct sockaddr_in *to,
		 uint8_t (*data)[256], uint64_t count, uint16_t port)
{
	for (int i = 0; i < BATCH; i++) {
		const uint32_t leg = (uint32_t)((count + (unsigned)i) % 4000);

		to[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port),
					     .sin_addr.s_addr = htonl(0x7F000001 + leg)};
		iov[i] = (struct iovec){data[i], PACKET};
		msg[i].msg_hdr = (struct msghdr){.msg_name = &to[i], .msg_namelen = sizeof(to[i]),
						 .msg_iov = &iov[i], .msg_iovlen = 1};
	}
}

static uint64_t send_batch(int fd, uint64_t count, uint16_t port)
{
	static uint8_t data[BATCH][256];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in to[BATCH];
	int n;

	fill(msg, iov, to, data, count, port);
	n = sendmmsg(fd, msg, BATCH, 0);
	return n > 0 ? (uint64_t)n : 0;
}

static uint64_t relay_batch(int in, uint64_t count, uint16_t port)
{
	static uint8_t data[BATCH][256];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in to[BATCH];
	int n;

	fill(msg, iov, to, data, count, port);
	for (int i = 0; i < BATCH; i++)
		iov[i].iov_len = sizeof(data[i]);
	n = recvmmsg(in, msg, BATCH, MSG_WAITFORONE, NULL);
	if (n <= 0)
		return 0;
	fill(msg, iov, to, data, count, port);
	n = sendmmsg(in, msg, (unsigned)n, 0);
	return n > 0 ? (uint64_t)n : 0;
}

static int bare(bool relay, unsigned seconds)
{
	int far = open_socket(INADDR_ANY, BARE_PORT), near = open_socket(INADDR_ANY, BARE_PORT + 1);
	pid_t child = fork_far(1);
	int64_t end;
	uint64_t count = 0;

	if (child == 0) {
		if (!relay)
			drain(far);
		for (uint64_t n = 0;;)
			n += send_batch(far, 0, BARE_PORT + 1);
	}
	pin(0);
	usleep(200000);
	end = now_ns(CLOCK_MONOTONIC) + seconds * 1000000000LL;
	while (now_ns(CLOCK_MONOTONIC) < end)
		count += relay ? relay_batch(near, count, BARE_PORT)
			       : send_batch(near, count, BARE_PORT);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("{\"packets_a_second\": %.0f}\n", (double)count / seconds);
	return 0;
}

static unsigned number(const char *text, unsigned most)
{
	unsigned long v = strtoul(text, NULL, 10);

	return v > most ? most : (unsigned)v;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && argc <= 6 && strcmp(argv[1], "far") == 0)
		return far_ends((uint16_t)number(argv[2], 65535), number(argv[3], SECONDS_MAX),
				number(argv[4], SECONDS_MAX), argc == 6 ? argv[5] : NULL);
	if (argc == 3 && (strcmp(argv[1], "send") == 0 || strcmp(argv[1], "relay") == 0))
		return bare(strcmp(argv[1], "relay") == 0, number(argv[2], SECONDS_MAX));
	fprintf(stderr, "usage: rtp far PORT SECONDS WARM [LEGS] | rtp send|relay SECONDS\n");
	return 2;
}
