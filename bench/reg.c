/*
 * Registrations with digest (RFC 3261, 22; MD5): an even rate, each of them a challenge and an
 * answer. sipp does the same, but reaches its core's end below what the servers can do.
 *
 *   reg SERVER-PORT OWN-PORT USERS RATE SECONDS
 *
 * USERS is a file with a line a phone, "user,password". Users are taken in turn; one that is still
 * under way is passed over (counted as busy). An answer later than 500 ms, when a phone would
 * repeat itself (T1), counts as late, one that isn't 401 or 200 as refused. Prints a line of JSON.
 * RATE 0: every user once, 500 a second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#define USERS_MAX   200000
#define SECONDS_MAX 120
#define BATCH	    64
#define MESSAGE	    1400
#define T1_NS	    500000000LL
#define BINS	    5000 /* of 100 us */

struct user {
	char name[40], password[72], ha1[33];
	bool busy;
	uint32_t cseq;
	int64_t since;
};

static struct {
	struct user *user;
	unsigned users, next;
	int fd;
	uint16_t server, own;
	EVP_MD_CTX *ctx;
	EVP_MD *md5;
	uint64_t started, ok, late, refused, passed_over;
	uint32_t bin[BINS];
	char data[BATCH][MESSAGE];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	unsigned queued;
} g;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void md5_hex(const char *text, char out[33])
{
	unsigned char d[EVP_MAX_MD_SIZE];

	EVP_DigestInit_ex2(g.ctx, g.md5, NULL);
	EVP_DigestUpdate(g.ctx, text, strlen(text));
	EVP_DigestFinal_ex(g.ctx, d, NULL);
	for (int i = 0; i < 16; i++) {
		out[2 * i] = "0123456789abcdef"[d[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[d[i] & 15];
	}
	out[32] = '\0';
}

static void flush(void)
{
	for (unsigned done = 0; done < g.queued;) {
		int n = sendmmsg(g.fd, g.msg + done, g.queued - done, 0);

		done += n > 0 ? (unsigned)n : 1U;
	}
	g.queued = 0;
}

static void put(unsigned i, const char *authorization)
{
	const struct user *u = &g.user[i];
	const unsigned at = g.queued++;
	int n = snprintf(g.data[at], MESSAGE,
			 "REGISTER sip:127.0.0.1:%u SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 127.0.0.1:%u;rport;branch=z9hG4bKr%u.%u\r\n"
			 "Max-Forwards: 70\r\n"
			 "From: <sip:%s@127.0.0.1>;tag=t%u.%u\r\n"
			 "To: <sip:%s@127.0.0.1>\r\n"
			 "Call-ID: c%u.%d@bench\r\n"
			 "CSeq: %u REGISTER\r\n"
			 "Contact: <sip:%s@127.0.0.1:%u>\r\n"
			 "Expires: 3600\r\n"
			 "%s"
			 "Content-Length: 0\r\n\r\n",
			 g.server, g.own, i, u->cseq, u->name, i, u->cseq, u->name, i,
			 (int)getpid(), u->cseq,
			 u->name, g.own, authorization);

	g.iov[at] = (struct iovec){g.data[at], (size_t)(n < MESSAGE ? n : MESSAGE - 1)};
	g.msg[at].msg_hdr = (struct msghdr){.msg_iov = &g.iov[at], .msg_iovlen = 1};
	if (g.queued == BATCH)
		flush();
}

static void begin(void)
{
	struct user *u = &g.user[g.next];
	const unsigned i = g.next;

	g.next = (g.next + 1) % g.users;
	if (u->busy) {
		g.passed_over++;
		return;
	}
	u->busy = true;
	u->since = now_ns();
	u->cseq++;
	g.started++;
	put(i, "");
}

static bool value(const char *from, const char *name, char *out, size_t cap)
{
	const char *p = strstr(from, name), *end;

	if (!p)
		return false;
	p += strlen(name);
	end = strchr(p, '"');
	if (!end || (size_t)(end - p) >= cap)
		return false;
	memcpy(out, p, (size_t)(end - p));
	out[end - p] = '\0';
	return true;
}

static bool answer_challenge(unsigned i, const char *text)
{
	struct user *u = &g.user[i];
	char realm[128], nonce[256], opaque[128], in[640], a2[128], ha2[33], response[33], h[1000];
	const char *challenge = strcasestr(text, "\r\nWWW-Authenticate:");
	const bool qop = challenge && strstr(challenge, "qop=");

	if (!challenge || !value(challenge, "realm=\"", realm, sizeof(realm)) ||
	    !value(challenge, "nonce=\"", nonce, sizeof(nonce)))
		return false;
	if (!u->ha1[0]) {
		snprintf(in, sizeof(in), "%s:%s:%s", u->name, realm, u->password);
		md5_hex(in, u->ha1);
	}
	snprintf(a2, sizeof(a2), "REGISTER:sip:127.0.0.1:%u", g.server);
	md5_hex(a2, ha2);
	snprintf(in, sizeof(in), qop ? "%s:%s:00000001:0badcafe:auth:%s" : "%s:%s:%s", u->ha1,
		 nonce,
		 ha2);
	md5_hex(in, response);
	snprintf(h, sizeof(h),
		 "Authorization: Digest username=\"%s\",realm=\"%s\",nonce=\"%s\","
		 "uri=\"sip:127.0.0.1:%u\",response=\"%s\",algorithm=MD5%s",
		 u->name, realm, nonce, g.server, response,
		 qop ? ",qop=auth,nc=00000001,cnonce=\"0badcafe\"" : "");
	if (value(challenge, "opaque=\"", opaque, sizeof(opaque)))
		snprintf(h + strlen(h), sizeof(h) - strlen(h), ",opaque=\"%s\"", opaque);
	snprintf(h + strlen(h), sizeof(h) - strlen(h), "\r\n");
	u->cseq++;
	put(i, h);
	return true;
}

static void end(struct user *u, int64_t now)
{
	const int64_t took = now - u->since;

	u->busy = false;
	g.ok++;
	if (took > T1_NS)
		g.late++;
	g.bin[took / 100000 < BINS ? took / 100000 : BINS - 1]++;
}

static void take_one(char *text, size_t len, int64_t now)
{
	const char *branch;
	unsigned i, cseq, code;

	text[len] = '\0';
	branch = strstr(text, "z9hG4bKr");
	if (!branch || sscanf(branch, "z9hG4bKr%u.%u", &i, &cseq) != 2 ||
	    sscanf(text, "SIP/2.0 %u", &code) != 1 || i >= g.users)
		return;
	if (!g.user[i].busy || g.user[i].cseq != cseq || code < 200)
		return;
	if (code == 200)
		end(&g.user[i], now);
	else if (code != 401 || !answer_challenge(i, text)) {
		g.refused++;
		g.user[i].busy = false;
	}
}

static void take(void)
{
	static char data[BATCH][2048];
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	int n = BATCH;

	for (int round = 0; round < 8 && n == BATCH; round++) {
		const int64_t now = now_ns();

		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){data[i], sizeof(data[i]) - 1};
			msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
		}
		n = recvmmsg(g.fd, msg, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			take_one(data[i], msg[i].msg_len, now);
	}
}

static int read_users(const char *path)
{
	char line[256];
	FILE *f = fopen(path, "r");

	g.user = calloc(USERS_MAX, sizeof(*g.user));
	if (!f || !g.user)
		return errno;
	while (g.users < USERS_MAX && fgets(line, sizeof(line), f)) {
		struct user *u = &g.user[g.users];

		if (sscanf(line, "%39[^,],%71[^,\r\n]", u->name, u->password) == 2)
			g.users++;
	}
	fclose(f);
	return g.users ? 0 : ENODATA;
}

static int open_socket(void)
{
	const int room = 16 << 20;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(g.own),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	g.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(g.fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (g.fd < 0 || bind(g.fd, (struct sockaddr *)&a, sizeof(a)))
		return errno;
	a.sin_port = htons(g.server);
	return connect(g.fd, (struct sockaddr *)&a, sizeof(a)) ? errno : 0;
}

static double percentile(double p)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < BINS; i++) {
		sum += g.bin[i];
		if (g.ok && (double)sum >= p * (double)g.ok)
			return (i + 1) * 0.1;
	}
	return 0;
}

static void run(unsigned rate, unsigned seconds)
{
	const int64_t start = now_ns();
	const uint64_t all = rate ? (uint64_t)rate * seconds : g.users;
	const double each = 1e9 / (rate ? rate : 500);
	const int64_t end_at = start + (int64_t)((double)all * each) + 2 * T1_NS;
	int64_t now = start, done_at = 0;
	uint64_t issued = 0;
	double cpu = cpu_s();

	while (now < end_at && (issued < all || g.started > g.ok + g.refused)) {
		const struct timespec wait = {0, 500000};
		struct pollfd p = {g.fd, POLLIN, 0};

		ppoll(&p, 1, &wait, NULL);
		take();
		now = now_ns();
		while (issued < all && (double)issued * each <= (double)(now - start)) {
			begin();
			issued++;
		}
		flush();
		if (issued == all && !done_at)
			done_at = now;
	}
	printf("{\"started\": %llu, \"ok\": %llu, \"unanswered\": %llu, \"late\": %llu, "
	       "\"refused\": %llu, \"busy\": %llu, \"p50_ms\": %.1f, \"p99_ms\": %.1f, "
	       "\"rate\": %.0f, \"cpu\": %.3f}\n",
	       (unsigned long long)g.started, (unsigned long long)g.ok,
	       (unsigned long long)(g.started - g.ok - g.refused), (unsigned long long)g.late,
	       (unsigned long long)g.refused, (unsigned long long)g.passed_over, percentile(0.5),
	       percentile(0.99), (double)g.ok / ((double)(now - start) / 1e9),
	       (cpu_s() - cpu) / ((double)(now - start) / 1e9));
}

int main(int argc, char **argv)
{
	int err;

	if (argc != 6) {
		fprintf(stderr, "usage: reg SERVER-PORT OWN-PORT USERS RATE SECONDS\n");
		return 2;
	}
	g.server = (uint16_t)atoi(argv[1]);
	g.own = (uint16_t)atoi(argv[2]);
	g.ctx = EVP_MD_CTX_new();
	g.md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	err = read_users(argv[3]);
	if (!err)
		err = open_socket();
	if (err || !g.ctx || !g.md5) {
		fprintf(stderr, "reg: %s\n", strerror(err));
		return 1;
	}
	run((unsigned)atoi(argv[4]), (unsigned)atoi(argv[5]) % (SECONDS_MAX + 1));
	return 0;
}
