/*
 * zongji init: the configuration of one's own company. Asks for what the command line doesn't say,
 * fills the files of config/template, holds them to `zongji check` before anything is written, and
 * never overwrites.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <ifaddrs.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/cmd_common.h"
#include "app/config/certificate.h"
#include "app/config/config.h"
#include "app/config/template.h"
#include "base/text.h"
#include "speech/pinyin.h"

static const char usage[] =
    "usage: zongji init [--data DIR] [--lang zh-CN|zh-TW|en] [answers]\n"
    "\n"
    "Writes the configuration of your own company into DIR (default: data): node.yaml,\n"
    "measures.yaml, directory/*.csv and tls/zongji.pem. Asks for what isn't given. Never\n"
    "overwrites.\n"
    "\n"
    "  --company NAME          said in the greeting\n"
    "  --reading PINYIN        how it is read, mou3 cheng2 ji2 tuan2 (default: derived)\n"
    "  --main-number N         the switchboard's number from inside (default 8000)\n"
    "  --public-number N       its number from outside\n"
    "  --trunk HOST[:PORT]     the carrier's address, or none\n"
    "  --trunk-user USER       register there as USER (default: no registration)\n"
    "  --trunk-password-file F its password, the first line of F\n"
    "  --listen ADDRESS        this machine's address for phones and browsers\n"
    "  --advertised ADDRESS    its address from outside, behind one-to-one NAT\n"
    "  --sip-port N            default 5060; TLS on the next port\n"
    "  --http-port N           default 8080\n"
    "  --gad-manager NAME      the first manager of General Administration\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

#define ANSWER	128
#define NUMBERS 5

enum question {
	Q_COMPANY,
	Q_MAIN,
	Q_PUBLIC,
	Q_TRUNK,
	Q_LISTEN,
	Q_MANAGER, /* asked */
	Q_READING,
	Q_TRUNK_USER,
	Q_TRUNK_PASSWORD,
	Q_ADVERTISED,
	Q_SIP_PORT,
	Q_HTTP_PORT,
	Q_DATA,
	Q_COUNT
};
#define Q_ASKED (Q_MANAGER + 1)

struct init {
	char answer[Q_COUNT][ANSWER];
	bool given[Q_COUNT];
	enum lang lang;
	struct catalogue *texts;
	/* what is made of the answers */
	char manager_reading[ANSWER], today[16], tls_port[16], realm[ANSWER], host[ANSWER];
	char advertised[ANSWER], https[ANSWER], peers[ANSWER], routes[ANSWER], digits[8];
	char number[NUMBERS][16], user[NUMBERS][24];
	char *trunks;
	struct template_values values;
};

static void say(const struct init *s, const char *key, const char *name, const char *value)
{
	char line[CATALOGUE_TEXT];

	if (s->texts)
		catalogue_format(s->texts, s->lang, key, line, sizeof(line), name, value, NULL);
	else
		snprintf(line, sizeof(line), "%s %s", key, value);
	printf("%s\n", line);
}

/* ---- answers ---- */

static int option_take(struct init *s, int c, const char *value)
{
	static const struct {
		char option;
		enum question question;
	} map[] = {{'c', Q_COMPANY},  {'r', Q_READING},	   {'m', Q_MAIN},    {'p', Q_PUBLIC},
		   {'t', Q_TRUNK},    {'u', Q_TRUNK_USER}, {'l', Q_LISTEN},  {'a', Q_ADVERTISED},
		   {'s', Q_SIP_PORT}, {'h', Q_HTTP_PORT},  {'g', Q_MANAGER}, {'d', Q_DATA}};

	for (size_t i = 0; i < sizeof(map) / sizeof(*map); i++)
		if (map[i].option == c) {
			s->given[map[i].question] = true;
			return TEXT_COPY(s->answer[map[i].question], value);
		}
	return EINVAL;
}

/* A password on a command line could be read by every user of the machine. */
static int password_read(struct init *s, const char *path)
{
	FILE *f = fopen(path, "re");
	char *p = s->answer[Q_TRUNK_PASSWORD];

	if (!f || !fgets(p, ANSWER, f)) {
		fprintf(stderr, "zongji init: %s: %s\n", path, f ? "empty" : strerror(errno));
		if (f)
			fclose(f);
		return EINVAL;
	}
	p[strcspn(p, "\r\n")] = '\0';
	fclose(f);
	return 0;
}

static int options(struct init *s, int argc, char **argv)
{
	static const struct option table[] = {
	    {"company", 1, NULL, 'c'},
	    {"reading", 1, NULL, 'r'},
	    {"main-number", 1, NULL, 'm'},
	    {"public-number", 1, NULL, 'p'},
	    {"trunk", 1, NULL, 't'},
	    {"trunk-user", 1, NULL, 'u'},
	    {"trunk-password-file", 1, NULL, 'w'},
	    {"listen", 1, NULL, 'l'},
	    {"advertised", 1, NULL, 'a'},
	    {"sip-port", 1, NULL, 's'},
	    {"http-port", 1, NULL, 'h'},
	    {"gad-manager", 1, NULL, 'g'},
	    {"data", 1, NULL, 'd'},
	    {"lang", 1, NULL, 'L'},
	    {"help", 0, NULL, '?' + 256},
	    {NULL, 0, NULL, 0},
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == '?' + 256) {
			fputs(usage, stdout);
			return -1;
		}
		if (c == 'L'   ? !lang_parse(optarg, &s->lang)
		    : c == 'w' ? password_read(s, optarg)
			       : option_take(s, c, c == '?' ? "" : optarg))
			return EINVAL;
	}
	return optind < argc ? EINVAL : 0;
}

/* The first address that isn't loopback, a private one before all others. */
static void listen_default(char *out, size_t cap)
{
	struct ifaddrs *all = NULL;

	text_copy(out, cap, "127.0.0.1");
	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		char ip[46];

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
		    (i->ifa_flags & IFF_LOOPBACK) || !(i->ifa_flags & IFF_UP))
			continue;
		inet_ntop(AF_INET, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, ip, sizeof(ip));
		text_copy(out, cap, ip);
		if (text_starts(ip, "10.") || text_starts(ip, "192.168."))
			break;
	}
	freeifaddrs(all);
}

static int ask(struct init *s, enum question q, const char *key)
{
	char line[CATALOGUE_TEXT];

	if (s->given[q] || !isatty(STDIN_FILENO))
		return s->answer[q][0] ? 0 : EINVAL;
	if (s->texts)
		catalogue_format(s->texts, s->lang, key, line, sizeof(line), "default",
				 s->answer[q], NULL);
	else
		snprintf(line, sizeof(line), "%s [%s]", key, s->answer[q]);
	do {
		printf("%s ", line);
		fflush(stdout);
		if (!fgets(line + CATALOGUE_TEXT / 2, CATALOGUE_TEXT / 2, stdin))
			return EINVAL;
		line[CATALOGUE_TEXT / 2 + strcspn(line + CATALOGUE_TEXT / 2, "\r\n")] = '\0';
		if (line[CATALOGUE_TEXT / 2])
			TEXT_COPY(s->answer[q], line + CATALOGUE_TEXT / 2);
	} while (!s->answer[q][0]);
	return 0;
}

static int answers(struct init *s)
{
	static const char *const keys[Q_ASKED] = {
	    [Q_COMPANY] = "init.ask.company", [Q_MAIN] = "init.ask.main",
	    [Q_PUBLIC] = "init.ask.public",   [Q_TRUNK] = "init.ask.trunk",
	    [Q_LISTEN] = "init.ask.listen",   [Q_MANAGER] = "init.ask.manager",
	};
	static const char *const options_of[Q_ASKED] = {"--company",	   "--main-number",
							"--public-number", "--trunk",
							"--listen",	   "--gad-manager"};
	int err = 0;

	if (!s->given[Q_MAIN])
		TEXT_COPY(s->answer[Q_MAIN], "8000");
	if (!s->given[Q_TRUNK])
		TEXT_COPY(s->answer[Q_TRUNK], "none");
	if (!s->given[Q_LISTEN])
		listen_default(s->answer[Q_LISTEN], ANSWER);
	for (unsigned q = 0; q < Q_ASKED; q++) {
		if (q == Q_PUBLIC && !s->given[q])
			TEXT_COPY(s->answer[q], s->answer[Q_MAIN]);
		if (ask(s, q, keys[q])) {
			fprintf(stderr, "zongji init: %s is missing\n", options_of[q]);
			err = EINVAL;
		}
	}
	return err;
}

/* ---- what is made of them ---- */

/* Left empty when it can't be told whole: the speech room then reads the characters. */
static void reading_of(const char *name, enum pinyin_kind kind, char *out)
{
	struct pinyin p, again;
	bool whole = speech_has_han(name) && speech_pinyin(name, kind, &p) == 0 &&
		     speech_pinyin_parse(p.numbered, &again) == 0 &&
		     p.numbered[strspn(p.numbered, "abcdefghijklmnopqrstuvwxyz12345 ")] == '\0';

	text_copy(out, ANSWER, whole ? p.numbered : "");
}

/* SIP user names are unique over all organisations, for ever: a number and four random letters. */
static int numbers_make(struct init *s)
{
	static const unsigned after_main[NUMBERS] = {1, 10, 11, 20, 21};
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
	const char *first = s->answer[Q_MAIN];
	int width = (int)strlen(first);

	if (width < 3 || width > 6 || first[strspn(first, "0123456789")]) {
		fprintf(stderr, "zongji init: --main-number: 3 to 6 digits\n");
		return EINVAL;
	}
	snprintf(s->digits, sizeof(s->digits), "%d", width);
	for (unsigned i = 0; i < NUMBERS; i++) {
		unsigned char random[4];

		snprintf(s->number[i], sizeof(s->number[i]), "%0*lu", width,
			 strtoul(first, NULL, 10) + after_main[i]);
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return EIO;
		TEXT_COPY(s->user[i], s->number[i]);
		for (unsigned j = 0; j < sizeof(random); j++)
			text_append(s->user[i], sizeof(s->user[i]), "%s%c", j ? "" : "-",
				    letters[random[j] % (sizeof(letters) - 1)]);
	}
	return 0;
}

static int trunk_make(struct init *s)
{
	const char *trunk = s->answer[Q_TRUNK];
	bool none = text_eq(trunk, "none"), registers = s->answer[Q_TRUNK_USER][0];
	struct in6_addr a;
	char path[512];

	TEXT_COPY(s->host, trunk);
	if (strchr(s->host, ':') && strchr(s->host, ':') == strrchr(s->host, ':'))
		s->host[strcspn(s->host, ":")] = '\0';
	if (!none && inet_pton(AF_INET, s->host, &a) == 1)
		TEXT_COPY(s->peers, s->host);
	TEXT_COPY(s->routes, none ? "" : "carrier");
	cmd_root_path(path, sizeof(path),
		      none	  ? "config/template/trunk-none.yaml"
		      : registers ? "config/template/trunk-register.yaml"
				  : "config/template/trunk-address.yaml");
	return template_fill(path, &s->values, &s->trunks);
}

static int values_make(struct init *s)
{
	static const char *const numbers[] = {"number1", "number2", "number3", "number4",
					      "number5"};
	static const char *const users[] = {"user1", "user2", "user3", "user4", "user5"};
	struct template_values *v = &s->values;
	time_t now = time(NULL);
	struct tm tm;
	int err = 0;

	localtime_r(&now, &tm);
	strftime(s->today, sizeof(s->today), "%Y-%m-%d", &tm);
	snprintf(s->tls_port, sizeof(s->tls_port), "%d", atoi(s->answer[Q_SIP_PORT]) + 1);
	if (!s->given[Q_READING])
		reading_of(s->answer[Q_COMPANY], PINYIN_WORDS, s->answer[Q_READING]);
	reading_of(s->answer[Q_MANAGER], PINYIN_PERSON, s->manager_reading);
	if (!s->given[Q_ADVERTISED])
		TEXT_COPY(s->answer[Q_ADVERTISED], s->answer[Q_LISTEN]);
	if (!text_starts(s->answer[Q_LISTEN], "127."))
		TEXT_COPY(s->https, "  certificate: tls/zongji.pem\n");
	for (unsigned i = 0; i < NUMBERS && !err; i++) {
		err = template_set(v, numbers[i], s->number[i], TEMPLATE_RAW);
		if (!err)
			err = template_set(v, users[i], s->user[i], TEMPLATE_RAW);
	}
	return err;
}

static int places_set(struct init *s)
{
	const struct template_value all[] = {
	    {"company", s->answer[Q_COMPANY], TEMPLATE_YAML},
	    {"reading", s->answer[Q_READING], TEMPLATE_YAML},
	    {"main", s->answer[Q_MAIN], TEMPLATE_RAW},
	    {"public", s->answer[Q_PUBLIC], TEMPLATE_YAML},
	    {"listen", s->answer[Q_LISTEN], TEMPLATE_RAW},
	    {"advertised", s->answer[Q_ADVERTISED], TEMPLATE_RAW},
	    {"sip_port", s->answer[Q_SIP_PORT], TEMPLATE_RAW},
	    {"tls_port", s->tls_port, TEMPLATE_RAW},
	    {"http_port", s->answer[Q_HTTP_PORT], TEMPLATE_RAW},
	    {"https", s->https, TEMPLATE_RAW},
	    {"realm", s->realm, TEMPLATE_RAW},
	    {"trunk", s->answer[Q_TRUNK], TEMPLATE_RAW},
	    {"trunk_host", s->host, TEMPLATE_RAW},
	    {"trunk_user", s->answer[Q_TRUNK_USER], TEMPLATE_YAML},
	    {"trunk_password", s->answer[Q_TRUNK_PASSWORD], TEMPLATE_YAML},
	    {"peers", s->peers, TEMPLATE_RAW},
	    {"routes", s->routes, TEMPLATE_RAW},
	    {"manager", s->answer[Q_MANAGER], TEMPLATE_CSV},
	    {"manager_reading", s->manager_reading, TEMPLATE_CSV},
	    {"today", s->today, TEMPLATE_RAW},
	    {"digits", s->digits, TEMPLATE_RAW},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all) && !err; i++)
		err = template_set(&s->values, all[i].name, all[i].value, all[i].escape);
	return err;
}

/* ---- files ---- */

enum output { OUT_NODE, OUT_MEASURES, OUT_PEOPLE, OUT_DEPARTMENTS, OUT_EXTENSIONS, OUT_COUNT };

static const struct {
	const char *template, *name;
} outputs[OUT_COUNT] = {
    [OUT_NODE] = {"config/template/node.yaml", "node.yaml"},
    [OUT_MEASURES] = {"config/template/measures.yaml", "measures.yaml"},
    [OUT_PEOPLE] = {"config/template/people.csv", "directory/people.csv"},
    [OUT_DEPARTMENTS] = {"config/template/departments.csv", "directory/departments.csv"},
    [OUT_EXTENSIONS] = {"config/template/extensions.csv", "directory/extensions.csv"},
};
#define CERTIFICATE "tls/zongji.pem"

/* All texts are made and held to the check before the first file is written. */
static int texts_make(struct init *s, char **text)
{
	struct config_errors *errs = calloc(1, sizeof(*errs));
	struct node_config *node = calloc(1, sizeof(*node));
	struct measures measures;
	char path[512];
	int err = errs && node ? 0 : ENOMEM;

	for (unsigned i = 0; i < OUT_COUNT && !err; i++) {
		cmd_root_path(path, sizeof(path), outputs[i].template);
		err = template_fill(path, &s->values, &text[i]);
		if (err)
			fprintf(stderr, "zongji init: %s: %s\n", path, strerror(err));
	}
	if (!err) {
		err = config_node_parse("node.yaml", text[OUT_NODE], strlen(text[OUT_NODE]), node,
					errs);
		if (config_measures_parse("measures.yaml", text[OUT_MEASURES],
					  strlen(text[OUT_MEASURES]), &measures, errs))
			err = EINVAL;
		if (err)
			config_errors_print(errs, s->texts, lang_name(s->lang), stderr);
	}
	free(errs);
	free(node);
	return err;
}

static int path_make(const struct init *s, const char *name, char *out, size_t cap)
{
	int n = snprintf(out, cap, "%s/%s", s->answer[Q_DATA], name);

	return n > 0 && (size_t)n < cap ? 0 : ENAMETOOLONG;
}

static bool anything_there(const struct init *s)
{
	char path[512];
	bool there = false;

	for (unsigned i = 0; i <= OUT_COUNT; i++) {
		const char *name = i < OUT_COUNT ? outputs[i].name : CERTIFICATE;

		if (path_make(s, name, path, sizeof(path)) || access(path, F_OK) == 0) {
			fprintf(stderr, "zongji init: %s is there already; nothing was written\n",
				path);
			there = true;
		}
	}
	return there;
}

static int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), err = 0;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return errno;
	if (fputs(text, f) < 0)
		err = EIO;
	if (fclose(f))
		err = errno;
	return err;
}

static int files_write(struct init *s, char **text)
{
	static const char *const folders[] = {"", "directory", "tls"};
	const char *const names[] = {s->answer[Q_ADVERTISED], s->realm,
				     s->given[Q_ADVERTISED] ? s->answer[Q_LISTEN] : NULL, NULL};
	char path[512];
	int err = 0;

	for (unsigned i = 0; i < 3 && !err; i++)
		if (path_make(s, folders[i], path, sizeof(path)) ||
		    (mkdir(path, 0700) && errno != EEXIST))
			err = errno;
	for (unsigned i = 0; i < OUT_COUNT && !err; i++) {
		path_make(s, outputs[i].name, path, sizeof(path));
		err = file_write(path, text[i]);
	}
	if (!err) {
		path_make(s, CERTIFICATE, path, sizeof(path));
		err = certificate_write(path, names);
	}
	if (err)
		fprintf(stderr, "zongji init: %s: %s\n", path, strerror(err));
	return err;
}

/* What was written is what the switchboard will read: the whole check, the directory too. */
static int written_check(struct init *s)
{
	struct config_errors *errs = calloc(1, sizeof(*errs));
	enum config_kind kind;
	char path[512];
	int err = errs ? path_make(s, "node.yaml", path, sizeof(path)) : ENOMEM;

	if (!err)
		err = config_file_check(path, &kind, errs);
	if (errs)
		config_errors_print(errs, s->texts, lang_name(s->lang), err ? stderr : stdout);
	free(errs);
	return err;
}

static void next_steps(const struct init *s)
{
	char line[CATALOGUE_TEXT];

	say(s, "init.written", "folder", s->answer[Q_DATA]);
	if (s->texts)
		catalogue_format(s->texts, s->lang, "init.start", line, sizeof(line), "folder",
				 s->answer[Q_DATA], "address", s->answer[Q_LISTEN], "port",
				 s->answer[Q_HTTP_PORT], NULL);
	else
		snprintf(line, sizeof(line), "./run --data %s", s->answer[Q_DATA]);
	printf("%s\n", line);
	if (!s->texts)
		return;
	catalogue_format(s->texts, s->lang, "init.phone", line, sizeof(line), "address",
			 s->answer[Q_LISTEN], "port", s->answer[Q_SIP_PORT], "user", s->user[0],
			 "number", s->number[0], "name", s->answer[Q_MANAGER], "folder",
			 s->answer[Q_DATA], "main", s->answer[Q_MAIN], NULL);
	printf("%s\n", line);
}

static int init_run(struct init *s)
{
	char *text[OUT_COUNT] = {NULL};
	int err;

	if (anything_there(s))
		return EEXIST;
	err = answers(s);
	if (!err)
		err = numbers_make(s);
	if (!err)
		err = values_make(s);
	if (!err)
		err = places_set(s);
	if (!err)
		err = trunk_make(s);
	if (!err)
		err = template_set(&s->values, "trunks", s->trunks, TEMPLATE_RAW);
	if (!err)
		err = texts_make(s, text);
	if (!err)
		err = files_write(s, text);
	if (!err)
		err = written_check(s);
	if (!err)
		next_steps(s);
	for (unsigned i = 0; i < OUT_COUNT; i++)
		free(text[i]);
	free(s->trunks);
	return err;
}

int cmd_init(int argc, char **argv)
{
	struct init *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return CMD_FAILED;
	s->lang = cmd_language();
	TEXT_COPY(s->answer[Q_DATA], "data");
	TEXT_COPY(s->answer[Q_SIP_PORT], "5060");
	TEXT_COPY(s->answer[Q_HTTP_PORT], "8080");
	TEXT_COPY(s->realm, "zongji.local");
	err = options(s, argc, argv);
	if (err > 0)
		fputs(usage, stderr);
	if (err) {
		free(s);
		return err > 0 ? CMD_USAGE : CMD_OK;
	}
	s->texts = cmd_catalogue();
	err = init_run(s);
	catalogue_close(s->texts);
	free(s);
	return err ? CMD_FAILED : CMD_OK;
}
