/*
 * zongji call: a telephone for somebody who has none. It registers as an extension or comes in as
 * the sample trunk does, prints what happens step by step, and writes down what is heard. Built
 * from the same sip and media rooms as the switchboard.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/app.h"
#include "app/cmd.h"

#define CALL_KEY        1u
#define CALL_CLIP       1u
#define CALL_SILENCE    2u /* a telephone is never quite silent: a silent line is ended */
#define CALL_DIGIT_MS   250
#define CALL_TRUNK      1u

struct phone {
	/* asked for */
	const char *number, *server, *listen, *user, *password, *digits, *say, *record, *from;
	unsigned port, seconds, digits_after_ms;
	/* happening */
	struct media *media;
	struct sip_room *sip;
	struct sip_session *session;
	struct stream_local local;
	int64_t began_ms;
	struct tmr digit, end;
	size_t next_digit;
	int signal_fd;
	bool answered, recording, failed, over;
};

static const char help[] =
	"usage: zongji call NUMBER [options]\n\n"
	"Calls NUMBER at the switchboard and prints what happens.\n\n"
	"  --server ADDRESS    of the switchboard (127.0.0.1)\n"
	"  --sip-port N        its SIP port (5060)\n"
	"  --listen ADDRESS    our own address (127.0.0.1)\n"
	"  --user U --password P  register as this phone first; without them the call comes\n"
	"                      in from outside, as over the sample trunk\n"
	"  --from NUMBER       the number shown, from outside (13800000000)\n"
	"  --digits DIGITS     press these keys once answered; `,` is a pause of a second\n"
	"  --digits-after MS   so long after the answer (1500)\n"
	"  --say FILE.wav      say this once answered\n"
	"  --record OUT.wav    write down what is heard\n"
	"  --seconds N         hang up after N seconds (30)\n";

static void tell(const struct phone *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void tell(const struct phone *p, const char *fmt, ...)
{
	va_list ap;

	printf("%7.2f s  ", (double)(clock_mono_ms() - p->began_ms) / 1000);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void finish(struct phone *p)
{
	p->over = true;
	tmr_cancel(&p->digit);
	tmr_cancel(&p->end);
	if (p->recording) /* its end comes back as an event, then we stop */
		media_leg_close(p->media, CALL_KEY);
	else
		re_cancel();
}

static void hang_up(struct phone *p, const char *why)
{
	if (p->session) {
		tell(p, "%s: hanging up", why);
		sip_session_end(p->session, 0, NULL);
		p->session = NULL;
	}
	if (!p->over)
		finish(p);
}

static void on_end(void *arg)
{
	struct phone *p = arg;

	if (!p->answered)
		p->failed = true;
	hang_up(p, "time is over");
}

static void on_digit(void *arg)
{
	struct phone *p = arg;
	char c = p->digits[p->next_digit];
	uint64_t wait_ms = CALL_DIGIT_MS;

	if (!c)
		return;
	p->next_digit++;
	if (c == ',') {
		wait_ms = 1000;
	} else {
		tell(p, "key %c", c);
		media_send_digit(p->media, CALL_KEY, c);
	}
	tmr_start(&p->digit, wait_ms, on_digit, p);
}

static void on_answered(struct phone *p, const struct stream *s)
{
	struct media_record r;

	media_leg_set(p->media, CALL_KEY, s);
	if (p->answered)
		return;
	p->answered = true;
	tell(p, "answered, %s to %s:%u", codec_name(s->codec), s->remote.ip, s->remote.port);
	if (p->say)
		media_play(p->media, CALL_KEY, 1, &(uint32_t){CALL_CLIP}, 1, false);
	else
		media_play(p->media, CALL_KEY, 0, &(uint32_t){CALL_SILENCE}, 1, true);
	if (p->record) {
		memset(&r, 0, sizeof(r));
		r.serial = 1;
		TEXT_COPY(r.path, p->record);
		p->recording = media_record(p->media, CALL_KEY, &r) == 0;
	}
	if (p->digits)
		tmr_start(&p->digit, p->digits_after_ms, on_digit, p);
}

static void on_session(struct sip_session *s, uint32_t key, const struct sip_session_event *ev,
		       void *arg)
{
	struct phone *p = arg;

	(void)s;
	(void)key;
	switch (ev->kind) {
	case SIP_RINGING:
		tell(p, "ringing");
		break;
	case SIP_EARLY:
		tell(p, "sound before the answer, %s", codec_name(ev->sound.stream.codec));
		media_leg_set(p->media, CALL_KEY, &ev->sound.stream);
		break;
	case SIP_ANSWERED:
		on_answered(p, &ev->sound.stream);
		break;
	case SIP_STREAM:
		tell(p, ev->sound.held ? "held" : "the sound was agreed on anew");
		media_leg_set(p->media, CALL_KEY, &ev->sound.stream);
		break;
	case SIP_FAILED:
		tell(p, "refused: %u %s", ev->end.code, ev->end.reason);
		p->session = NULL;
		p->failed = true;
		finish(p);
		break;
	case SIP_ENDED:
		tell(p, "the other end hung up%s%s", ev->end.reason[0] ? ": " : "",
		     ev->end.reason);
		p->session = NULL;
		finish(p);
		break;
	case SIP_DIGIT:
	case SIP_REFER:
		break;
	}
}

static void on_media(int flags, void *arg)
{
	struct phone *p = arg;
	struct media_event ev;

	(void)flags;
	media_event_quiet(p->media);
	while (media_event_take(p->media, &ev)) {
		if (ev.kind == MEDIA_EV_PLAYED) {
			tell(p, "%s has been said", p->say);
			media_play(p->media, CALL_KEY, 0, &(uint32_t){CALL_SILENCE}, 1, true);
		} else if (ev.kind == MEDIA_EV_DIGIT)
			tell(p, "heard key %c", ev.digit);
		else if (ev.kind == MEDIA_EV_RECORDED) {
			tell(p, "%s: %.1f s written, %.1f s of it sound", p->record,
			     ev.ms / 1000.0, ev.voiced_ms / 1000.0);
			p->recording = false;
			if (p->over)
				re_cancel();
		}
	}
}

static void dial(struct phone *p)
{
	struct sip_dial d;
	int err;

	memset(&d, 0, sizeof(d));
	d.trunk = CALL_TRUNK;
	TEXT_COPY(d.number, p->number);
	TEXT_COPY(d.from_number, p->user ? p->user : p->from);
	d.first_response_ms = 5000;
	tell(p, "calling %s at %s:%u%s%s", p->number, p->server, p->port, p->user ? " as " : "",
	     p->user ? p->user : "");
	err = sip_session_dial(p->sip, &d, &p->local, CALL_KEY, &p->session);
	if (!err)
		return;
	tell(p, "can't call: %s", strerror(err));
	p->failed = true;
	re_cancel();
}

static void on_trunk(uint16_t trunk, enum sip_trunk_state state, enum sip_trunk_reason reason,
		     uint16_t code, void *arg)
{
	struct phone *p = arg;

	(void)trunk;
	if (state == SIP_TRUNK_UP && !p->session && !p->answered && !p->over) {
		if (p->user)
			tell(p, "registered as %s", p->user);
		dial(p);
	} else if (state == SIP_TRUNK_DOWN && p->user && reason != SIP_TRUNK_STARTING &&
		   !p->session) {
		tell(p, "can't register: %s (%u)", sip_trunk_reason_name(reason), code);
		p->failed = true;
		re_cancel();
	}
}

static int no_credential(const char *user, struct sip_credential *out, void *arg)
{
	(void)user;
	(void)out;
	(void)arg;
	return ENOENT;
}

static void no_incoming(struct sip_session *s, const struct sip_invite *inv, void *arg)
{
	(void)inv;
	(void)arg;
	sip_session_reject(s, 486, NULL);
}

static void no_reachable(uint32_t extension, bool on, void *arg)
{
	(void)extension;
	(void)on;
	(void)arg;
}

static int no_lamp(uint32_t subscriber, const char *number, uint32_t *extension,
		   enum sip_lamp *state, void *arg)
{
	(void)subscriber;
	(void)number;
	(void)extension;
	(void)state;
	(void)arg;
	return ENOENT;
}

/* A port that nobody has at the moment: the room wants to know it beforehand. */
static uint16_t free_port(const char *ip)
{
	struct sockaddr_storage ss = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
	socklen_t len = sizeof(ss);
	uint16_t port = 0;
	int fd;

	ss.ss_family = strchr(ip, ':') ? AF_INET6 : AF_INET;
	inet_pton(ss.ss_family, ip,
		  ss.ss_family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr);
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&ss, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		port = ntohs(ss.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
	if (fd >= 0)
		close(fd);
	return port;
}

static int open_sip(struct phone *p)
{
	const struct sip_room_handlers handlers = {
		.credential = no_credential, .reachable = no_reachable, .trunk_state = on_trunk,
		.lamp = no_lamp,	     .incoming = no_incoming,   .session = on_session,
		.arg = p,
	};
	struct sip_interface_config i;
	struct sip_room_config c;
	struct sip_trunk_config *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return ENOMEM;
	memset(&c, 0, sizeof(c));
	memset(&i, 0, sizeof(i));
	TEXT_COPY(i.name, "own");
	TEXT_COPY(i.ip, p->listen);
	i.udp_port = free_port(p->listen);
	c.interfaces = &i;
	c.interface_count = 1;
	TEXT_COPY(c.realm, "zongji-call");
	TEXT_COPY(c.user_agent, "zongji call");
	c.bindings_capacity = 16;
	c.sessions_max = 16;
	err = sip_room_open(&p->sip, &c, &handlers);
	t->id = CALL_TRUNK;
	TEXT_COPY(t->name, "switchboard");
	TEXT_COPY(t->interface, "own");
	TEXT_COPY(t->domain, p->server);
	snprintf(t->proxy, sizeof(t->proxy), strchr(p->server, ':') ? "[%s]:%u" : "%s:%u",
		 p->server, p->port);
	if (p->user) {
		t->registers = true;
		TEXT_COPY(t->user, p->user);
		TEXT_COPY(t->password, p->password);
	}
	if (!err)
		err = sip_room_trunks_set(p->sip, t, 1);
	free(t);
	return err;
}

static int open_media(struct phone *p)
{
	struct media_config c;
	struct media_wav wav = {0};
	int err;

	memset(&c, 0, sizeof(c));
	TEXT_COPY(c.interface[0].name, "own");
	TEXT_COPY(c.interface[0].local_ip, p->listen);
	c.interface_count = 1;
	c.port_min = 41000;
	c.port_max = 48999;
	c.legs_max = 4;
	err = media_open(&p->media, &c);
	if (!err)
		err = fd_listen(media_event_fd(p->media), FD_READ, on_media, p);
	if (!err)
		err = media_clip_add(p->media, CALL_SILENCE, (int16_t[8000]){0}, 8000, 8000);
	if (!err && p->say) {
		err = media_wav_read(p->say, &wav, NULL);
		if (err)
			fprintf(stderr, "zongji call: %s can't be played: %s\n", p->say,
				strerror(err));
		else
			media_clip_add(p->media, CALL_CLIP, wav.samples, wav.count, wav.rate);
		media_wav_free(&wav);
	}
	if (!err)
		err = media_leg_open(p->media, CALL_KEY, 0, false, &p->local.local);
	p->local.codecs[0] = CODEC_PCMA;
	p->local.codecs[1] = CODEC_PCMU;
	p->local.codec_count = 2;
	p->local.direction = STREAM_BOTH;
	return err;
}

static void on_signal(int flags, void *arg)
{
	struct phone *p = arg;
	struct signalfd_siginfo s;

	(void)flags;
	while (read(p->signal_fd, &s, sizeof(s)) == (ssize_t)sizeof(s))
		hang_up(p, "asked to stop");
}

static void listen_signals(struct phone *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	fd_listen(p->signal_fd, FD_READ, on_signal, p);
}

static bool number_option(const char *text, unsigned most, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*end || end == text || v > most)
		return false;
	*out = (unsigned)v;
	return true;
}

/* False when the option has no such value. */
static bool take_option(struct phone *p, int c, const char *value)
{
	switch (c) {
	case 'S':
		p->server = value;
		return true;
	case 'l':
		p->listen = value;
		return true;
	case 'u':
		p->user = value;
		return true;
	case 'w':
		p->password = value;
		return true;
	case 'f':
		p->from = value;
		return true;
	case 'd':
		p->digits = value;
		return true;
	case 's':
		p->say = value;
		return true;
	case 'r':
		p->record = value;
		return true;
	case 'p':
		return number_option(value, 65535, &p->port);
	case 'a':
		return number_option(value, 600000, &p->digits_after_ms);
	case 'n':
		return number_option(value, 86400, &p->seconds);
	default:
		return false;
	}
}

static int parse(int argc, char **argv, struct phone *p)
{
	static const struct option options[] = {
		{"server", 1, NULL, 'S'},   {"sip-port", 1, NULL, 'p'},
		{"listen", 1, NULL, 'l'},   {"user", 1, NULL, 'u'},
		{"password", 1, NULL, 'w'}, {"from", 1, NULL, 'f'},
		{"digits", 1, NULL, 'd'},   {"digits-after", 1, NULL, 'a'},
		{"say", 1, NULL, 's'},      {"record", 1, NULL, 'r'},
		{"seconds", 1, NULL, 'n'},  {"help", 0, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool ok = true;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return -1;
		}
		ok = take_option(p, c, optarg) && ok;
	}
	if (!ok || optind != argc - 1 || (p->user && !p->password)) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	p->number = argv[optind];
	return CMD_OK;
}

int cmd_call(int argc, char **argv)
{
	struct phone p = {
		.server = "127.0.0.1", .listen = "127.0.0.1", .from = "13800000000",
		.port = 5060, .seconds = 30, .digits_after_ms = 1500,
	};
	int err = parse(argc, argv, &p);

	if (err)
		return err < 0 ? CMD_OK : err;
	log_level_set(LOG_LEVEL_WARN);
	p.began_ms = clock_mono_ms();
	err = libre_init();
	listen_signals(&p);
	if (!err)
		err = open_media(&p);
	if (!err)
		err = open_sip(&p);
	if (err) {
		fprintf(stderr, "zongji call: can't start: %s\n", strerror(err));
		p.failed = true;
	} else {
		tmr_start(&p.end, (uint64_t)p.seconds * 1000, on_end, &p);
		re_main(NULL); /* it is called once the way there is known */
	}
	tmr_cancel(&p.digit);
	tmr_cancel(&p.end);
	sip_room_close(p.sip);
	if (p.media)
		fd_close(media_event_fd(p.media));
	media_close(p.media);
	fd_close(p.signal_fd);
	close(p.signal_fd);
	libre_close();
	return p.failed ? CMD_FAILED : CMD_OK;
}
