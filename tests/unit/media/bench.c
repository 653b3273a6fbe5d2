/*
 * A load on the media room alone: the room on one core, the far ends on another.
 * media_bench prompt|bridge|own|taped CALLS SECONDS: legs that hear a prompt (and speak), pairs of
 * legs on shared sockets, pairs of legs with a socket each, pairs whose one leg is taped to /tmp.
 * Prints the room's CPU, memory, lateness, and
 * the gaps of 30 ms and more that the far ends saw (kernel time stamps) in what was sent evenly.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "media/media.h"
#include "media/rtp.h"

#define SHARE   8 /* legs at one socket of the far end: one for each shared port of the room */
#define LEGS    20000
#define SOCKETS (LEGS / SHARE)
#define STEPS   20

static struct {
	unsigned legs;
	uint16_t room_port[LEGS];
	int fd[LEGS];
	int64_t last[LEGS], sent[LEGS];
	uint64_t packets, gaps, worst, out;
	volatile sig_atomic_t stop;
} g;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void on_signal(int sig)
{
	g.stop = 1;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static long rss_kb(void)
{
	long pages = 0, skip;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &skip, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static unsigned leg_of_socket(unsigned s, unsigned k)
{
	return s * SHARE + k;
}

static void take_socket(unsigned s)
{
	static uint8_t data[64][200];
	struct mmsghdr msg[64];
	struct iovec iov[64];
	struct sockaddr_in from[64];
	char control[64][64];
	int n;

	for (int i = 0; i < 64; i++) {
		iov[i] = (struct iovec){data[i], sizeof(data[i])};
		msg[i].msg_hdr = (struct msghdr){&from[i], sizeof(from[i]), &iov[i], 1, control[i],
						 sizeof(control[i]), 0};
	}
	n = recvmmsg(g.fd[s], msg, 64, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg[i].msg_hdr);
		struct timespec ts;
		int64_t at;
		unsigned leg = UINT32_MAX;

		if (!c || rtp_is_rtcp(data[i], msg[i].msg_len))
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		at = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
		for (unsigned k = 0; k < SHARE; k++)
			if (g.room_port[leg_of_socket(s, k)] == ntohs(from[i].sin_port))
				leg = leg_of_socket(s, k);
		if (leg == UINT32_MAX)
			continue;
		g.packets++;
		if (g.last[leg] && at - g.last[leg] >= 30000000)
			g.gaps++;
		if (g.last[leg] && (uint64_t)(at - g.last[leg]) > g.worst)
			g.worst = (uint64_t)(at - g.last[leg]);
		g.last[leg] = at;
	}
}

static void say_socket(unsigned s, uint16_t sequence)
{
	static uint8_t data[SHARE][172];
	struct mmsghdr msg[SHARE];
	struct iovec iov[SHARE];
	struct sockaddr_in to[SHARE];
	unsigned n = 0;

	for (unsigned k = 0; k < SHARE && leg_of_socket(s, k) < g.legs; k++, n++) {
		const unsigned leg = leg_of_socket(s, k);

		rtp_build(data[k], 8, false, sequence, sequence * 160U, 1000 + leg);
		to[k] = (struct sockaddr_in){.sin_family = AF_INET,
					     .sin_port = htons(g.room_port[leg]),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		iov[k] = (struct iovec){data[k], 172};
		msg[k].msg_hdr = (struct msghdr){&to[k], sizeof(to[k]), &iov[k], 1, NULL, 0, 0};
	}
	if (sendmmsg(g.fd[s], msg, n, MSG_DONTWAIT) > 0)
		g.out += n;
}

/* Speaks on every socket each 20 ms, spread over 20 steps; late steps are caught up with. */
static void far_end(unsigned sockets)
{
	struct epoll_event ev[256];
	int ep = epoll_create1(0);
	int64_t due;
	uint64_t step = 0;

	for (unsigned s = 0; s < sockets; s++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u32 = s};

		epoll_ctl(ep, EPOLL_CTL_ADD, g.fd[s], &e);
	}
	due = now_ns();
	while (!g.stop) {
		int n = epoll_wait(ep, ev, 256, 1);

		/* a generator that can't keep up drops its own steps: the figure is void then */
		if (now_ns() - due > 100000000)
			due = now_ns();
		for (int i = 0; i < STEPS && now_ns() >= due; i++) {
			for (unsigned s = step % STEPS; s < sockets; s += STEPS)
				say_socket(s, (uint16_t)(step / STEPS));
			step++;
			due += 20000000 / STEPS;
		}
		for (int i = 0; i < n; i++)
			take_socket(ev[i].data.u32);
	}
	printf("far ends: %llu packets out, %llu in, gaps of 30 ms and more %llu (%.4f %%), "
	       "longest %.1f ms, CPU %.2f s\n",
	       (unsigned long long)g.out, (unsigned long long)g.packets,
	       (unsigned long long)g.gaps, 100.0 * (double)g.gaps / (double)(g.packets + 1),
	       (double)g.worst / 1e6, cpu_s());
	fflush(stdout);
	_exit(0);
}

static void open_sockets(unsigned sockets)
{
	const int on = 1, room = 1 << 20;

	for (unsigned s = 0; s < sockets; s++) {
		struct sockaddr_in a = {.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

		g.fd[s] = socket(AF_INET, SOCK_DGRAM, 0);
		setsockopt(g.fd[s], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
		setsockopt(g.fd[s], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		if (g.fd[s] < 0 || bind(g.fd[s], (struct sockaddr *)&a, sizeof(a)) < 0) {
			perror("far end");
			exit(1);
		}
	}
}

static void open_leg(struct media *m, unsigned leg, bool exact)
{
	struct stream_address local;
	struct stream s = {.codec = CODEC_PCMA, .payload_type_tx = 8, .payload_type_rx = 8,
			   .direction = STREAM_BOTH, .rtcp_mux = true, .ptime_ms = 20};
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	getsockname(g.fd[leg / SHARE], (struct sockaddr *)&a, &len);
	strcpy(s.remote.ip, "127.0.0.1");
	s.remote.port = ntohs(a.sin_port);
	if (media_leg_open(m, leg + 1, 0, exact, &local) || media_leg_set(m, leg + 1, &s)) {
		fprintf(stderr, "leg %u can't be opened\n", leg);
		exit(1);
	}
	g.room_port[leg] = local.port;
}

static void report(struct media *m, double cpu, double wall, long kb)
{
	struct media_stats s;

	media_stats(m, &s);
	printf("room: %u legs, CPU %.1f %% of a core, %.2f kB a leg, in %llu, out %llu, "
	       "relayed %llu\n",
	       s.legs, 100 * cpu / wall, (double)kb / s.legs, (unsigned long long)s.rx_packets,
	       (unsigned long long)s.tx_packets, (unsigned long long)s.relayed);
	printf("room: lateness p99 %.2f ms, late ticks %llu of %llu, skipped %llu, not sent %llu, "
	       "strangers %llu\n",
	       s.lateness_p99_us / 1e3, (unsigned long long)s.late_ticks,
	       (unsigned long long)s.ticks, (unsigned long long)s.skipped_ticks,
	       (unsigned long long)s.tx_failed, (unsigned long long)s.rx_stranger);
}

static struct media *open_room(void)
{
	struct media_config cfg = {.interface_count = 1, .legs_max = LEGS, .port_min = 20000,
				   .port_max = 59998, .no_opus = true};
	struct media *m;

	strcpy(cfg.interface[0].local_ip, "127.0.0.1");
	if (media_open(&m, &cfg)) {
		fprintf(stderr, "the room can't be opened\n");
		exit(1);
	}
	return m;
}

static void tape(struct media *m, unsigned leg)
{
	struct media_tape t = {.serial = leg};

	snprintf(t.path, sizeof(t.path), "/tmp/zongji-bench-%d-%u.tape", (int)getpid(), leg);
	if (media_tape(m, leg, &t))
		fprintf(stderr, "leg %u can't be taped\n", leg);
}

static void untape(void)
{
	for (unsigned i = 1; i < g.legs; i += 2) {
		char path[64];

		snprintf(path, sizeof(path), "/tmp/zongji-bench-%d-%u.tape", (int)getpid(), i);
		unlink(path);
	}
}

static void leg_start(struct media *m, unsigned i, bool prompt, bool taped)
{
	if (prompt)
		media_music(m, i + 1);
	else if (i % 2)
		media_join(m, i, i + 1);
	if (taped && i % 2)
		tape(m, i);
}

int main(int argc, char **argv)
{
	const unsigned calls = argc > 3 ? (unsigned)atoi(argv[2]) : 0;
	const unsigned seconds = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	const bool prompt = argc > 3 && strcmp(argv[1], "prompt") == 0;
	const bool own = argc > 3 && strcmp(argv[1], "own") == 0;
	const bool taped = argc > 3 && strcmp(argv[1], "taped") == 0;
	struct rlimit files = {200000, 200000};
	struct media *m;
	double cpu, wall;
	unsigned sockets;
	long kb;
	pid_t child;

	g.legs = prompt ? calls : 2 * calls;
	sockets = (g.legs + SHARE - 1) / SHARE;
	if (calls == 0 || seconds == 0 || g.legs > LEGS) {
		fprintf(stderr, "usage: media_bench prompt|bridge|own|taped CALLS SECONDS\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	pin(0);
	open_sockets(sockets);
	m = open_room();
	sleep(1);
	kb = rss_kb();
	for (unsigned i = 0; i < g.legs; i++)
		open_leg(m, i, !own);
	for (unsigned i = 0; i < g.legs; i++) {
		leg_start(m, i, prompt, taped);
	}
	sleep(1);
	signal(SIGTERM, on_signal);
	child = fork();
	if (child == 0) {
		pin(1);
		far_end(sockets);
	}
	sleep(2);
	cpu = cpu_s();
	wall = (double)now_ns() / 1e9;
	sleep(seconds);
	cpu = cpu_s() - cpu;
	wall = (double)now_ns() / 1e9 - wall;
	report(m, cpu, wall, rss_kb() - kb);
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	media_close(m);
	if (taped)
		untape();
	return 0;
}
