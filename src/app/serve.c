/* zongji serve: options, start in order, libre's loop, end in order. */
#include "app/app.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include <sodium.h>

#include "app/cmd.h"
#include "app/cmd_common.h"
#include "app/config/certificate.h"
#include "app/delivery.h"
#include "app/desk.h"
#include "app/headset.h"
#include "app/lamps.h"
#include "app/boxcall.h"
#include "app/mailbox.h"

struct serve_options {
	const char *data, *config, *listen;
	unsigned http_port, sip_port;
	bool sample;
};

static const char help[] =
    "usage: zongji serve [--data DIR] [--http-port N] [--sip-port N] [--listen ADDRESS]\n"
    "                    [--config FILE] [--sample]\n\n"
    "Runs the switchboard in the foreground until SIGINT or SIGTERM. SIGHUP reads the\n"
    "configuration again. Without --config: DIR/node.yaml if it is there, else the sample.\n";

static bool port_option(const char *text, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*end || end == text || v > 65534)
		return false;
	*out = (unsigned)v;
	return true;
}

static int parse(int argc, char **argv, struct serve_options *o)
{
	static const struct option options[] = {
	    {"data", required_argument, NULL, 'd'},	{"http-port", required_argument, NULL, 'p'},
	    {"sip-port", required_argument, NULL, 's'}, {"listen", required_argument, NULL, 'l'},
	    {"config", required_argument, NULL, 'c'},	{"sample", no_argument, NULL, 'S'},
	    {"help", no_argument, NULL, 'h'},		{NULL, 0, NULL, 0},
	};
	bool ok = true;
	int c;

	o->data = "data";
	optind = 1;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'd')
			o->data = optarg;
		else if (c == 'p')
			ok = port_option(optarg, &o->http_port) && ok;
		else if (c == 's')
			ok = port_option(optarg, &o->sip_port) && ok;
		else if (c == 'l')
			o->listen = optarg;
		else if (c == 'c')
			o->config = optarg;
		else if (c == 'S')
			o->sample = true;
		else if (c == 'h') {
			fputs(help, stdout);
			return -1;
		} else
			ok = false;
	}
	if (ok && optind == argc)
		return CMD_OK;
	fputs(help, stderr);
	return CMD_USAGE;
}

/* ---- configuration ---- */

static void choose_config(struct app *a, const struct serve_options *o)
{
	TEXT_COPY(a->root, cmd_root());
	if (o->config) {
		TEXT_COPY(a->config_path, o->config);
		a->sample = o->sample;
		return;
	}
	snprintf(a->config_path, sizeof(a->config_path), "%.200s/node.yaml", o->data);
	a->sample = o->sample || access(a->config_path, R_OK) != 0;
	if (a->sample)
		snprintf(a->config_path, sizeof(a->config_path), "%.200s/config/sample/node.yaml",
			 a->root);
}

/* The command line stands above the file: address and ports of the first interface and of HTTP. */
static void apply_options(struct app *a, const struct serve_options *o)
{
	struct node_config *n = &a->config->node;
	struct config_interface *i = &n->interfaces[0];

	if (o->listen) {
		TEXT_COPY(i->address, o->listen);
		TEXT_COPY(i->advertised, o->listen);
		TEXT_COPY(n->http.address, o->listen);
	}
	if (o->http_port)
		n->http.port = (uint16_t)o->http_port;
	if (o->sip_port) {
		i->udp_port = i->tcp_port = (uint16_t)o->sip_port;
		if (i->tls_port)
			i->tls_port = (uint16_t)(o->sip_port + 1);
	}
	if (o->data[0])
		TEXT_COPY(a->data, o->data);
}

static int load_config(struct app *a, const struct serve_options *o)
{
	static struct config_errors errors;
	int err;

	choose_config(a, o);
	err = config_load(a->config_path, &a->config, &errors);
	if (errors.count)
		config_errors_print(&errors, a->catalogue, lang_name(a->lang), stderr);
	if (err)
		return err;
	lang_parse(a->config->node.language, &a->lang);
	log_level_set(a->config->node.log_level);
	TEXT_COPY(a->data, a->config->node.data);
	apply_options(a, o);
	return 0;
}

/* One server a data folder: two would write over each other. */
static int lock_data(struct app *a)
{
	char path[CONFIG_PATH + 8];
	int fd;

	if (mkdir(a->data, 0700) && errno != EEXIST) {
		log_error("app", "can't make the data folder %s: %s", a->data, strerror(errno));
		return errno;
	}
	snprintf(path, sizeof(path), "%s/lock", a->data);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) {
		log_error("app", "the data folder %s is in use by another switchboard", a->data);
		return EBUSY;
	}
	return 0; /* kept open until the end */
}

/* The sample's phones may come over TLS too: a certificate of its own, made at the first start. */
static int sample_tls(struct app *a)
{
	struct config_interface *i = &a->config->node.interfaces[0];
	const char *names[] = {i->address, "localhost", NULL};
	int err;

	if (!a->sample || i->tls_port)
		return 0;
	snprintf(i->certificate, sizeof(i->certificate), "%.200s/tls.pem", a->data);
	err = certificate_write(i->certificate, names);
	if (err && err != EEXIST) {
		log_error("app", "%s can't be written: %s", i->certificate, strerror(err));
		return err;
	}
	i->tls_port = (uint16_t)(i->udp_port + 1);
	return 0;
}

/* ---- rooms ---- */

static int open_catalogue(struct app *a)
{
	char dir[CONFIG_PATH + 8], why[CATALOGUE_WHY];
	int err;

	cmd_root_path(dir, sizeof(dir), "lang");
	a->lang = cmd_language();
	err = catalogue_open(&a->catalogue, dir, why);
	if (err)
		log_error("app", "texts: %s", why);
	return err;
}

static int open_speech(struct app *a)
{
	const struct config_speech *c = &a->config->node.speech;
	char lang[CONFIG_PATH + 8], cache[CONFIG_PATH + 16];
	struct speech_config s;
	const char *shared = getenv("ZONGJI_SPEECH_CACHE");

	snprintf(lang, sizeof(lang), "%s/lang", a->root);
	snprintf(cache, sizeof(cache), "%s/speech", a->data);
	memset(&s, 0, sizeof(s));
	s.catalogue = a->catalogue;
	s.lang_dir = lang;
	s.cache_dir = shared ? shared : cache;
	s.recordings_dir = c->recordings;
	s.command = c->command[0] ? c->command : NULL;
	s.voice[a->lang] = c->voice;
	s.speed = c->speed;
	return speech_open(&a->speech, &s);
}

static int open_http(struct app *a)
{
	const struct config_http *c = &a->config->node.http;
	char console[CONFIG_PATH + 16], sessions[CONFIG_PATH + 16];
	struct api_source source;
	struct http_config h;
	int err;

	memset(&source, 0, sizeof(source));
	app_source_fill(a, &source);
	err = api_alloc(&a->api, &source);
	if (err)
		return err;
	snprintf(console, sizeof(console), "%s/console/dist", a->root);
	snprintf(sessions, sizeof(sessions), "%s/sessions", a->data);
	memset(&h, 0, sizeof(h));
	h.listen = c->address;
	h.port = c->port;
	h.cert_file = c->certificate[0] ? c->certificate : NULL;
	h.key_file = c->key[0] ? c->key : NULL;
	for (unsigned i = 0; i < c->trusted_proxy_count; i++)
		h.proxy[h.proxy_count++] = c->trusted_proxies[i];
	h.console_dir = access(console, R_OK) == 0 ? console : NULL;
	h.sessions_file = sessions;
	h.metrics_token = c->metrics_token[0] ? c->metrics_token : NULL;
	h.route = api_route_table(&h.route_count);
	h.arg = a->api;
	h.texts = a->catalogue;
	err = http_room_alloc(&a->http, &h);
	if (err)
		log_error("app", "HTTP on %s:%u: %s", c->address, c->port, strerror(err));
	return err;
}

static int open_exchange(struct app_org *o)
{
	const struct config_limits *l = &o->app->config->node.limits;
	struct exchange_caps caps = {
	    .calls = l->calls,
	    .legs = l->legs,
	    .extensions = 8192,
	    .people = 1024,
	    .reserve = 4,
	};
	size_t bytes = exchange_bytes(&caps);

	o->exchange = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
	o->leg_key = calloc(65536, sizeof(*o->leg_key));
	if (!o->exchange || !o->leg_key)
		return bytes ? ENOMEM : EINVAL;
	tmr_init(&o->timer);
	return exchange_init(o->exchange, &caps, o->id);
}

void app_trunk_rules(struct app_org *o)
{
	const struct node_config *n = &o->app->config->node;
	const struct config_organisation *c = &n->organisations[o->index];

	o->rules.trunk_count = 0;
	for (unsigned i = 0; i < c->route_count; i++) {
		for (unsigned t = 0; t < n->trunk_count && t < EXCHANGE_TRUNKS; t++) {
			struct exchange_trunk *x = &o->rules.trunk[o->rules.trunk_count];

			if (strcmp(n->trunks[t].id, c->routes[i]) != 0 || !n->trunks[t].enabled)
				continue;
			x->id = (uint16_t)(t + 1);
			x->classes = 0xFF;
			x->channels = n->trunks[t].channels;
			x->first_response_ms = n->trunks[t].first_response_ms;
			o->rules.trunk_count++;
		}
	}
}

static int open_orgs(struct app *a)
{
	struct records_db *db = NULL;
	int err;

	a->org_count = a->config->node.organisation_count;
	for (unsigned i = 0; i < a->org_count; i++) {
		struct app_org *o = &a->org[i];

		o->app = a;
		o->index = i;
		o->id = a->config->node.organisations[i].id;
		err = open_exchange(o);
		if (err)
			return err;
		app_trunk_rules(o);
	}
	err = records_borrow(a->records, 5000, &db);
	if (!err)
		err = app_first_start(a, db);
	if (!err)
		err = app_credentials_load(a, db);
	for (unsigned i = 0; i < a->org_count && !err; i++)
		err = app_day_load(&a->org[i], db);
	records_return(a->records, db);
	return err;
}

static const struct {
	const char *what;
	int (*open)(struct app *a);
} rooms[] = {
    {"storage", app_records_open},
    {"directory", open_orgs},
    {"media", app_media_open},
    {"files", app_files_open},
    {"speech", open_speech},
    {"sounds", app_sounds_open},
    {"mailboxes", app_mailbox_open},
    {"calls for messages", app_boxcall_open},
    {"live", app_live_open},
    {"desk", app_desk_open},
    {"reload", app_reload_open},
    {"lamps", app_lamps_open},
    {"delivery", app_delivery_open},
    {"http", open_http},
    {"delivery", app_delivery_start},
    {"state", app_state_open},
    {"sip", app_sip_open},
    {"nightly", app_nightly_open},
};

/* ---- running ---- */

static void end_now(struct app *a)
{
	re_cancel();
	(void)a;
}

static void on_second(void *arg)
{
	struct app *a = arg;
	bool open = false;

	for (unsigned i = 0; i < a->org_count; i++)
		open = open || exchange_calls(a->org[i].exchange) > 0;
	if (a->closing_since_ms &&
	    (!open || clock_mono_ms() - a->closing_since_ms > APP_CLOSING_MS)) {
		end_now(a);
		return;
	}
	app_health_update(a);
	tmr_start(&a->second, a->closing_since_ms ? 50 : 1000, on_second, a);
}

static void begin_closing(struct app *a)
{
	struct event ev;

	if (a->closing_since_ms) {
		end_now(a); /* asked twice */
		return;
	}
	log_info("app", "closing: callers are told, calls are ended");
	a->closing_since_ms = clock_mono_ms();
	sip_room_drain(a->sip);
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_CLOSING;
	for (unsigned i = 0; i < a->org_count; i++)
		app_event(&a->org[i], &ev);
	tmr_start(&a->second, 0, on_second, a);
}

static void on_signal(int flags, void *arg)
{
	struct app *a = arg;
	struct signalfd_siginfo s;

	(void)flags;
	while (read(a->signal_fd, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGHUP)
			app_reload(a);
		else
			begin_closing(a);
	}
}

static int listen_signals(struct app *a)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL); /* before any thread: they inherit it */
	signal(SIGPIPE, SIG_IGN);
	a->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return a->signal_fd < 0 ? errno : fd_listen(a->signal_fd, FD_READ, on_signal, a);
}

static void say_where(const struct app *a)
{
	const struct node_config *n = &a->config->node;
	const struct config_interface *i = &n->interfaces[0];
	char path[CONFIG_PATH + 32], text[CATALOGUE_TEXT], port[8], sip[8];

	snprintf(port, sizeof(port), "%u", http_room_port(a->http));
	snprintf(sip, sizeof(sip), "%u", i->udp_port);
	snprintf(path, sizeof(path), "%s/first-accounts.txt", a->data);
	catalogue_format(a->catalogue, a->lang, "serve.ready", text, sizeof(text), "company",
			 app_measures(&a->org[0])->company, "scheme",
			 n->http.certificate[0] ? "https" : "http", "address", n->http.address,
			 "port", port, "sip", sip, "main", app_measures(&a->org[0])->main_number,
			 NULL);
	puts(text);
	if (access(path, R_OK) == 0) {
		catalogue_format(a->catalogue, a->lang, "serve.accounts", text, sizeof(text),
				 "file", path, "folder", a->data, NULL);
		puts(text);
	}
	catalogue_format(a->catalogue, a->lang, "serve.first_call", text, sizeof(text), "main",
			 app_measures(&a->org[0])->main_number, "sip", sip, NULL);
	puts(text);
	if (a->sample) {
		catalogue_format(a->catalogue, a->lang, "serve.caller", text, sizeof(text),
				 "scheme", n->http.certificate[0] ? "https" : "http", "address",
				 n->http.address, "port", port, NULL);
		puts(text);
	}
	fflush(stdout);
}

static void close_rooms(struct app *a)
{
	app_delivery_end(a);
	app_nightly_close(a);
	http_room_free(a->http);
	app_delivery_close(a);
	app_lamps_close(a);
	api_free(a->api);
	app_source_close();
	sip_room_close(a->sip);
	app_state_close(a);
	app_webphone_close(a);
	app_desk_close(a);
	app_live_close(a);
	tmr_cancel(&a->second);
	for (unsigned i = 0; i < a->org_count; i++)
		tmr_cancel(&a->org[i].timer);
	app_mailbox_close(a);
	app_boxcall_close(a);
	speech_close(a->speech);
	app_files_close(a);
	app_sounds_close(a);
	if (a->media)
		fd_close(media_event_fd(a->media));
	media_close(a->media);
	if (a->records)
		fd_close(records_event_fd(a->records));
	records_close(a->records, 10000);
	app_credentials_free(a);
	for (unsigned i = 0; i < a->org_count; i++) {
		for (unsigned e = 0; e < EXCHANGE_EDITIONS; e++) {
			records_directory_free(a->org[i].directory[e]);
			free(a->org[i].measures[e]);
		}
		free(a->org[i].exchange);
		free(a->org[i].leg_key);
	}
	catalogue_close(a->catalogue);
	config_free(a->config);
}

static int start(struct app *a)
{
	unsigned char boot[8];
	int err = listen_signals(a);

	randombytes_buf(boot, sizeof(boot));
	sodium_bin2hex(a->boot, sizeof(a->boot), boot, sizeof(boot));
	a->started_wall_ms = clock_wall_ms();
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]) && !err; i++) {
		err = rooms[i].open(a);
		if (err)
			log_error("app", "%s can't be started: %s", rooms[i].what, strerror(err));
	}
	if (err)
		return err;
	for (unsigned i = 0; i < a->org_count; i++)
		app_sounds_directory(a, &a->org[i]);
	app_health_update(a);
	tmr_start(&a->second, 1000, on_second, a);
	return 0;
}

static void raise_limits(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int cmd_serve(int argc, char **argv)
{
	struct serve_options o = {0};
	struct app *a;
	int err = parse(argc, argv, &o);

	if (err)
		return err < 0 ? CMD_OK : err;
	setlocale(LC_ALL, "");
	umask(077);
	raise_limits();
	a = calloc(1, sizeof(*a));
	if (!a || sodium_init() < 0)
		return CMD_FAILED;
	err = libre_init();
	if (!err)
		err = fd_setsize(65536);
	if (!err)
		err = open_catalogue(a);
	if (!err)
		err = load_config(a, &o);
	if (!err)
		err = lock_data(a);
	if (!err)
		err = sample_tls(a);
	if (!err)
		err = start(a);
	if (!err) {
		say_where(a);
		re_main(NULL);
		log_info("app", "closed");
	}
	close_rooms(a);
	fd_close(a->signal_fd);
	free(a);
	libre_close();
	return err ? CMD_FAILED : CMD_OK;
}
