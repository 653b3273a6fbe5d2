#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <re.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "sip/priv.h"
#include "sip/tmr_heap.h"

struct runner {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t done;
	int wake;
	void (*fn)(struct fixture *f, void *arg);
	void *arg;
	bool pending, stop;
	int err;
	bool opened;
};
static struct runner run;

uint16_t fixture_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t port = 0;

	if (!bind(fd, (struct sockaddr *)&a, len) &&
	    !getsockname(fd, (struct sockaddr *)&a, &len) && !bind(tcp, (struct sockaddr *)&a, len))
		port = ntohs(a.sin_port);
	close(fd);
	close(tcp);
	return port ? port : fixture_port();
}

int fixture_credential(const char *user, struct sip_credential *out, void *arg)
{
	char *end, password[16];
	unsigned long n = user[0] == 'u' && user[1] ? strtoul(user + 1, &end, 10) : 10000;
	(void)arg;

	if (n >= 10000 || *end)
		return ENOENT;
	*out = (struct sip_credential){.extension = 1000 + (uint32_t)n,
				       .algorithm = n % 2 ? SIP_SHA256 : SIP_MD5};
	snprintf(password, sizeof(password), "p%lu", n);
	return sip_digest_ha1(out->algorithm, user, FIXTURE_REALM, password, out->ha1);
}

static void reachable(uint32_t extension, bool on, void *arg)
{
	struct fixture *f = arg;

	f->last_extension = extension;
	if (on)
		f->reachable_on++;
	else
		f->reachable_off++;
}

static void trunk_state(uint16_t trunk, enum sip_trunk_state state, enum sip_trunk_reason reason,
			uint16_t code, void *arg)
{
	struct fixture *f = arg;
	(void)trunk;
	(void)code;

	f->trunk_changes++;
	f->trunk_state = state;
	f->trunk_reason = reason;
}

static int waiting(uint32_t subscriber, const char *number, struct sip_waiting *out, void *arg)
{
	struct fixture *f = arg;

	f->subscriber = subscriber;
	*out = f->waiting;
	return strcmp(number, "8313") == 0 ? EPERM : 0;
}

static int lamp(uint32_t subscriber, const char *number, uint32_t *extension, enum sip_lamp *state,
		void *arg)
{
	struct fixture *f = arg;
	(void)subscriber;

	if (strlen(number) != 4)
		return ENOENT;
	*extension = (uint32_t)atoi(number);
	*state = f->lamp;
	return 0;
}

void fixture_defaults(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->iface[0].name, "lan");
	strcpy(f->iface[0].ip, FIXTURE_IP);
	f->iface[0].udp_port = f->iface[0].tcp_port = fixture_port();
	f->config.interfaces = f->iface;
	f->config.interface_count = 1;
	strcpy(f->config.realm, FIXTURE_REALM);
	strcpy(f->config.user_agent, "zongji-test");
}

static void wake_handler(int flags, void *arg)
{
	uint64_t n;
	(void)flags;

	if (read(run.wake, &n, sizeof(n)) < 0)
		return;
	pthread_mutex_lock(&run.lock);
	if (run.pending) {
		run.fn(arg, run.arg);
		run.pending = false;
		pthread_cond_signal(&run.done);
	}
	if (run.stop)
		re_cancel();
	pthread_mutex_unlock(&run.lock);
}

static void *loop(void *arg)
{
	struct fixture *f = arg;
	struct sip_room_handlers h = {.credential = fixture_credential,
				      .reachable = reachable,
				      .trunk_state = trunk_state,
				      .lamp = lamp,
				      .waiting = waiting,
				      .arg = f};

	re_thread_init();
	fd_setsize(1024);
	fd_listen(run.wake, FD_READ, wake_handler, f);
	run.err = sip_room_open(&f->room, &f->config, &h);
	pthread_mutex_lock(&run.lock);
	run.opened = true;
	pthread_cond_signal(&run.done);
	pthread_mutex_unlock(&run.lock);
	if (!run.err)
		re_main(NULL);
	sip_room_close(f->room);
	f->room = NULL;
	fd_close(run.wake);
	tmr_heap_release();
	re_thread_close();
	return NULL;
}

int fixture_open(struct fixture *f)
{
	static bool once;

	if (!once) {
		log_level_set(getenv("SIP_TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
		libre_init();
		once = true;
	}
	memset(&run, 0, sizeof(run));
	pthread_mutex_init(&run.lock, NULL);
	pthread_cond_init(&run.done, NULL);
	run.wake = eventfd(0, EFD_NONBLOCK);
	pthread_create(&run.thread, NULL, loop, f);
	pthread_mutex_lock(&run.lock);
	while (!run.opened)
		pthread_cond_wait(&run.done, &run.lock);
	pthread_mutex_unlock(&run.lock);
	if (run.err)
		pthread_join(run.thread, NULL);
	return run.err;
}

static void wake(void)
{
	uint64_t one = 1;

	if (write(run.wake, &one, sizeof(one)) < 0)
		abort();
}

void fixture_run(struct fixture *f, void (*fn)(struct fixture *f, void *arg), void *arg)
{
	(void)f;
	pthread_mutex_lock(&run.lock);
	run.fn = fn;
	run.arg = arg;
	run.pending = true;
	wake();
	while (run.pending)
		pthread_cond_wait(&run.done, &run.lock);
	pthread_mutex_unlock(&run.lock);
}

void fixture_close(struct fixture *f)
{
	(void)f;
	pthread_mutex_lock(&run.lock);
	run.stop = true;
	wake();
	pthread_mutex_unlock(&run.lock);
	pthread_join(run.thread, NULL);
	close(run.wake);
}

int phone_open(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&a, len) || getsockname(fd, (struct sockaddr *)&a, &len))
		abort();
	*port = ntohs(a.sin_port);
	return fd;
}

void phone_send(int fd, uint16_t to_port, const char *fmt, ...)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(to_port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	static char text[70000];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (sendto(fd, text, (size_t)n, 0, (struct sockaddr *)&a, sizeof(a)) != n)
		abort();
}

int phone_recv(int fd, char *buf, int cap, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	buf[0] = '\0';
	if (poll(&p, 1, ms) <= 0)
		return 0;
	n = recv(fd, buf, (size_t)cap - 1, 0);
	if (n < 0)
		return 0;
	buf[n] = '\0';
	return (int)n;
}

const char *phone_header(const char *message, const char *name)
{
	static char value[8][1024];
	static int at;
	size_t len = strlen(name);
	const char *p = message;

	at = (at + 1) % 8;
	value[at][0] = '\0';
	while ((p = strstr(p, "\r\n"))) {
		p += 2;
		if (!strncmp(p, "\r\n", 2))
			break;
		if (!strncasecmp(p, name, len) && p[len] == ':') {
			p += len + 1;
			p += strspn(p, " ");
			snprintf(value[at], sizeof(value[at]), "%.*s", (int)strcspn(p, "\r"), p);
			break;
		}
	}
	return value[at];
}

int phone_status(const char *message)
{
	return strncmp(message, "SIP/2.0 ", 8) ? 0 : atoi(message + 8);
}

static void param(const char *text, const char *name, char *out, size_t cap)
{
	char key[32];
	const char *p;

	snprintf(key, sizeof(key), "%s=\"", name);
	p = strstr(text, key);
	out[0] = '\0';
	if (p)
		snprintf(out, cap, "%.*s", (int)strcspn(p + strlen(key), "\""), p + strlen(key));
}

void phone_authorization(const char *answer, const char *user, const char *password,
			 const char *method, const char *uri, char *out, int cap)
{
	const char *challenge = phone_header(answer, "WWW-Authenticate");
	enum sip_algorithm a = strstr(challenge, "SHA-256") ? SIP_SHA256 : SIP_MD5;
	struct sip_digest_params d = {
	    .nc = PL("00000001"), .cnonce = PL("abcd"), .qop = PL("auth")};
	char realm[64], nonce[128], hex[65];
	uint8_t ha1[32];
	struct pl met;

	param(challenge, "realm", realm, sizeof(realm));
	param(challenge, "nonce", nonce, sizeof(nonce));
	pl_set_str(&d.nonce, nonce);
	pl_set_str(&d.uri, uri);
	pl_set_str(&met, method);
	sip_digest_ha1(a, user, realm, password, ha1);
	sip_digest_response(a, ha1, &met, &d, hex);
	snprintf(out, (size_t)cap,
		 "Authorization: Digest username=\"%s\", realm=\"%s\", "
		 "nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=%s, qop=auth, nc=00000001, "
		 "cnonce=\"abcd\"\r\n",
		 user, realm, nonce, uri, hex, a == SIP_SHA256 ? "SHA-256" : "MD5");
}

static void send_register(int fd, uint16_t port, uint16_t to_port, const struct phone_register *r,
			  uint32_t cseq, const char *authorization)
{
	static uint32_t branch;
	char contact[600] = "", expires[32] = "";

	if (r->contact)
		snprintf(contact, sizeof(contact), "Contact: %s\r\n", r->contact);
	if (r->expires >= 0)
		snprintf(expires, sizeof(expires), "Expires: %d\r\n", r->expires);
	phone_send(fd, to_port,
		   "REGISTER sip:zongji SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%u;"
		   "rport\r\nFrom: <sip:%s@zongji>;tag=f\r\nTo: <sip:%s@zongji>\r\nCall-ID: %s\r\n"
		   "CSeq: %u REGISTER\r\nMax-Forwards: 70\r\n%s%s%s%sContent-Length: 0\r\n\r\n",
		   port, ++branch, r->user, r->user, r->call_id, cseq, contact, expires,
		   r->extra ? r->extra : "", authorization);
}

int phone_register(int fd, uint16_t port, uint16_t to_port, const struct phone_register *r,
		   char *answer, int cap)
{
	char authorization[1024];

	send_register(fd, port, to_port, r, r->cseq, "");
	if (!phone_recv(fd, answer, cap, 8000))
		return 0;
	if (phone_status(answer) != 401)
		return phone_status(answer);
	phone_authorization(answer, r->user, r->password, "REGISTER", "sip:zongji", authorization,
			    sizeof(authorization));
	send_register(fd, port, to_port, r, r->cseq + 1, authorization);
	if (!phone_recv(fd, answer, cap, 8000))
		return 0;
	return phone_status(answer);
}
