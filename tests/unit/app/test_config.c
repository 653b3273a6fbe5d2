/* Configuration: the sample is right, and everything wrong is told at its place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "app/config/config.h"
#include "base/catalogue.h"
#include "base/text.h"

#define SAMPLE SOURCE_ROOT "/config/sample/"

static struct config_errors errs;

static void begin(void)
{
	memset(&errs, 0, sizeof(errs));
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

/* text with the first `old` replaced; the caller frees. */
static char *changed(const char *text, const char *old, const char *new)
{
	const char *at = strstr(text, old);
	char *out = calloc(1, strlen(text) + strlen(new) + 1);

	if (!at)
		fail_msg("“%s” isn't in the sample", old);
	memcpy(out, text, (size_t)(at - text));
	strcat(out, new);
	strcat(out, at + strlen(old));
	return out;
}

static unsigned line_of(const char *text, const char *what)
{
	const char *at = strstr(text, what);
	unsigned line = 1;

	for (const char *p = text; p < at; p++)
		line += *p == '\n';
	return line;
}

static const struct config_error *told(const char *key)
{
	for (size_t i = 0; i < errs.count; i++)
		if (text_eq(errs.list[i].key, key))
			return &errs.list[i];
	config_errors_print(&errs, NULL, "en", stderr);
	fail_msg("%s wasn't told", key);
	return NULL;
}

static void sample_is_right(void **state)
{
	static const char *const folders[] = {"mou-cheng", "bei-po"};
	struct config *c = NULL;
	const struct config_trunk *t;

	begin();
	if (config_load(SAMPLE "node.yaml", &c, &errs))
		config_errors_print(&errs, NULL, "en", stderr);
	assert_non_null(c);
	assert_int_equal(errs.count, 0);
	assert_int_equal(c->node.organisation_count, 2);
	assert_int_equal(c->measures[0].org, 1);
	assert_int_equal(c->measures[1].org, 2);
	assert_int_equal(c->measures[1].kind, ORG_CONTROLLED);
	assert_string_equal(c->measures[0].main_number, "8000");
	assert_string_equal(c->hours_names[0][1], "customer_service");
	assert_int_equal(c->measures[0].consent_posts,
			 POST_BIT(POST_SECRETARY) | POST_BIT(POST_GAD_MANAGER));
	t = &c->node.trunks[0];
	assert_string_equal(t->id, "sample");
	assert_true(t->enabled);
	assert_string_equal(t->peers[0].address, "127.0.0.1");
	assert_int_equal(t->peers[0].mask_bits, 32);
	assert_int_equal(t->codecs[0], CODEC_PCMA);
	assert_int_equal(t->first_response_ms, 4000);
	assert_int_equal(c->node.trunks[1].rule_in_count, 3);
	assert_int_equal(c->node.media.port_first, 30000);
	assert_string_equal(c->node.interfaces[0].advertised, "127.0.0.1");
	assert_string_equal(c->node.organisations[0].measures, SAMPLE "mou-cheng/measures.yaml");
	for (unsigned i = 0; i < 2; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s%s", SAMPLE, folders[i]);
		config_folder_check(c, i, path, &errs);
	}
	config_errors_print(&errs, NULL, "en", stderr);
	assert_int_equal(errs.count, 0);
	config_free(c);
}

static struct now day(int year, unsigned month, unsigned d, unsigned weekday, unsigned minute)
{
	return (struct now){.year = (int16_t)year,
			    .month = (uint8_t)month,
			    .day = (uint8_t)d,
			    .weekday = (uint8_t)weekday,
			    .minute_of_day = (uint16_t)minute};
}

static void hours_and_holidays(void **state)
{
	struct measures m;
	struct now n;

	begin();
	assert_int_equal(config_measures_load(SAMPLE "mou-cheng/measures.yaml", &m, &errs), 0);
	assert_int_equal(m.date_count, 33 + 6 + 28 + 6);
	n = day(2026, 11, 24, 2, 10 * 60);
	assert_true(measures_open(&m, 0, &n));
	n = day(2026, 11, 24, 2, 12 * 60 + 30);
	assert_false(measures_open(&m, 0, &n));
	n = day(2026, 10, 10, 6, 10 * 60); /* a Saturday made up for */
	assert_true(measures_open(&m, 0, &n));
	n = day(2026, 10, 1, 4, 10 * 60);
	assert_false(measures_open(&m, 0, &n));
	n = day(2026, 11, 28, 6, 10 * 60);
	assert_false(measures_open(&m, 0, &n));
	assert_true(measures_open(&m, 1, &n));
}

static void classes_of_service(void **state)
{
	static const struct {
		const char *digits;
		enum service_class class;
	} rows[] = {
	    {"02155508000", CLASS_NATIONAL},
	    {"0085221234567", CLASS_INTERNATIONAL},
	    {"55508000", CLASS_CITY},
	    {"13800000417", CLASS_CITY},
	    {"013800000417", CLASS_NATIONAL},
	    {"95588", CLASS_CITY},
	    {"12345", CLASS_CITY},
	    {"4008001234", CLASS_CITY},
	    {"16899999", CLASS_INTERNATIONAL},
	    {"16600000000", CLASS_CITY},
	    {"99999", CLASS_COUNT},
	};
	struct measures m;

	begin();
	assert_int_equal(config_measures_load(SAMPLE "mou-cheng/measures.yaml", &m, &errs), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(measures_class_needed(&m, rows[i].digits), rows[i].class);
	assert_true(measures_emergency(&m, "9119"));
}

/* One mistake each: what is told, and what is proposed. */
struct mistake {
	const char *old, *new;
	const char *key, *suggestion;
};

static void mistakes(const char *path, bool node, const struct mistake *rows, size_t count,
		     const struct catalogue *texts)
{
	char *text = slurp(path), line[2048];
	struct node_config *n = calloc(1, sizeof(*n));
	struct measures m;

	for (size_t i = 0; i < count; i++) {
		char *bad = changed(text, rows[i].old, rows[i].new);
		const struct config_error *e;
		int err;

		begin();
		err = node ? config_node_parse(path, bad, strlen(bad), n, &errs)
			   : config_measures_parse(path, bad, strlen(bad), &m, &errs);
		e = told(rows[i].key);
		assert_int_equal(err, e->severity == CONFIG_WARNING ? 0 : EINVAL);
		if (rows[i].suggestion)
			assert_string_equal(e->suggestion, rows[i].suggestion);
		assert_true(e->line > 0);
		for (enum lang l = 0; l < LANG_COUNT; l++) {
			config_error_text(e, texts, lang_name(l), line, sizeof(line));
			assert_null(strstr(line, "config."));
			assert_null(strchr(line, '{'));
		}
		free(bad);
	}
	free(text);
	free(n);
}

static void mistakes_of_a_node(void **state)
{
	static const struct mistake rows[] = {
	    {"log: info", "log: inof", "config.wrong_value", "info"},
	    {"log: info", "lgo: info", "config.unknown_key", "log"},
	    {"log: info", "log: info\nlog: warn", "config.duplicate_key", NULL},
	    {"log: info", "log: [info]", "config.wrong_kind_list", NULL},
	    {"log: info", "log：info", "config.wide_colon", NULL},
	    {"log: info", "log:", "config.empty", NULL},
	    {"log: info", "log: &a info\ndata: *a", "config.alias", NULL},
	    {"log: info", "\tlog: info", "config.syntax.tab", NULL},
	    {"log: info", "log: \"info", "config.syntax.unclosed", NULL},
	    {"log: info", "log: a: b", "config.syntax.colon", NULL},
	    {"address: 127.0.0.1", "address: 0.0.0.0", "config.wrong_value", NULL},
	    {"address: 127.0.0.1", "adress: 127.0.0.1", "config.missing", NULL},
	    {"udp_port: 5060", "udp_port: 65536", "config.out_of_range", NULL},
	    {"udp_port: 5060", "udp_port: ５０６０", "config.wrong_value", "5060"},
	    {"tcp_port: 5060", "tcp_port: 8080", "config.same_port", NULL},
	    {"tcp_port: 5060", "tls_port: 5061", "config.no_certificate", NULL},
	    {"udp_port: 5060\n    tcp_port: 5060", "udp_port: 0\n    tcp_port: 0",
	     "config.no_transport", NULL},
	    {"interface: lan", "interface: lna", "config.unknown_reference", "lan"},
	    {"transport: udp", "transport: tls", "config.transport_off", NULL},
	    {"peers: [127.0.0.1]", "peers: [127.0.0.256]", "config.wrong_value", NULL},
	    {"peers: [127.0.0.1]\n    domain: carrier.example", "channels: 2",
	     "config.trunk_nowhere", NULL},
	    {"id: carrier", "id: sample", "config.taken_twice", NULL},
	    {"codecs: [pcma, pcmu]", "codecs: [pcma, pcma]", "config.taken_twice", NULL},
	    {"codecs: [pcma, pcmu]", "codecs: [pcma, g711u]", "config.wrong_value", NULL},
	    {"codecs: [pcma, pcmu]", "codecs: []", "config.too_few", NULL},
	    {"codecs: [pcma, pcmu]", "srtp: allowed", "config.srtp_needs_tls", NULL},
	    {"user: \"+862155508000\"\n", "\n", "config.register_needs", NULL},
	    {"sip:{shown}@", "sip:{nubmer}@", "config.unknown_reference", "number"},
	    {"{prefix: \"+86\", strip: 3, add: \"0\"}", "{prefix: \"+86\", strip: 4}",
	     "config.strip_too_long", NULL},
	    {"{prefix: \"+861\", strip: 3, add: \"\"}", "{prefix: \"+\", strip: 1}",
	     "config.rule_never", NULL},
	    {"first_response: 4s", "first_response: 4", "config.wrong_value", NULL},
	    {"first_response: 4s", "first_response: 4h", "config.out_of_range", NULL},
	    {"ports: 30000-33999", "ports: 33999-30000", "config.wrong_value", NULL},
	    {"calls: 2000", "calls: 2000\n  legs: 10", "config.legs_few", NULL},
	    {"id: 2\n", "id: 1\n", "config.taken_twice", NULL},
	    {"to: \"8000\"}", "to: “8888”}", "config.wrong_value", "8888"},
	    {"trunk: sample", "trunk: smaple", "config.unknown_reference", "sample"},
	    {"number: \"02155509000\"", "number: \"02155508000\"", "config.taken_twice", NULL},
	    {"routes: [sample]", "routes: [simple]", "config.unknown_reference", "sample"},
	    {"routes: [sample]", "routes: []", "config.no_routes", NULL},
	    {"kind: headquarters", "kind: associated", "config.no_headquarters", NULL},
	    {"bei-po/measures.yaml", "mou-cheng/measures.yaml", "config.taken_twice", NULL},
	    {"realm: zongji.example", "realm: zong ji", "config.wrong_value", NULL},
	    {"realm: zongji.example", "realm: a\n  expires_min: 10min\n  expires_default: 5min",
	     "config.expiry_order", NULL},
	};
	struct catalogue *texts = NULL;

	assert_int_equal(catalogue_open(&texts, SOURCE_ROOT "/lang", NULL), 0);
	mistakes(SAMPLE "node.yaml", true, rows, sizeof(rows) / sizeof(*rows), texts);
	catalogue_close(texts);
}

static void mistakes_of_measures(void **state)
{
	static const struct mistake rows[] = {
	    {"13:30-18:00", "11:30-18:00", "config.overlap", NULL},
	    {"13:30-18:00", "18:00-13:30", "config.span_backwards", NULL},
	    {"13:30-18:00", "13：30-18：00", "config.wrong_value", "13:30-18:00"},
	    {"mon-fri: [09:00", "mon-fry: [09:00", "config.unknown_key", NULL},
	    {"sat-sun: [09:00", "fri-sun: [09:00", "config.day_twice", NULL},
	    {"  office:", "  offices:", "config.office_first", NULL},
	    {"date: 2026-10-10", "date: 2026-10-07", "config.holiday_and_work", NULL},
	    {"date: 2026-10-10", "date: 2026-09-20", "config.date_twice", NULL},
	    {"date: 2026-10-10", "date: 2026-02-30", "config.wrong_value", NULL},
	    {"to: 2026-10-07", "to: 2026-09-07", "config.holiday_range", NULL},
	    {"as: wed", "as: wen", "config.wrong_value", NULL},
	    {"version: 3", "version: three", "config.wrong_value", NULL},
	    {"main: \"8000\"", "main: “8888”", "config.wrong_value", "8888"},
	    {"main: \"8000\"", "main: \"9000\"", "config.begins_outside", NULL},
	    {"outside_prefix: \"9\"", "outside_prefix: \"0\"", "config.same_number", NULL},
	    {"extension_digits_max: 4", "extension_digits_max: 3", "config.min_over_max", NULL},
	    {"\"119\", ", "", "config.emergency_missing", NULL},
	    {"- \"800\"", "- \"400\"", "config.prefix_twice", NULL},
	    {"national:", "nationl:", "config.unknown_key", "national"},
	    {"dnd_off: \"*79\"", "dnd_off: \"*78\"", "config.code_begins", NULL},
	    {"dnd_off: \"*79\"", "dnd_off: \"*7\"", "config.code_begins", NULL},
	    {"first: \"7101\"", "return_after: 30s", "config.duplicate_key", NULL},
	    {"  first: \"7101\"", "", "config.park_first", NULL},
	    {"[secretary, gad_manager]", "[secretry]", "config.wrong_value", "secretary"},
	    {"shortest: 2s", "shortest: 5min", "config.out_of_range", NULL},
	    {"reading: mou3 cheng2", "reading: mou cheng2", "config.wrong_value", NULL},
	    {"  customer_service: 2 ", "  # ", "config.missing", NULL},
	    {"name: 某城集团", "name: \"\"", "config.wrong_length", NULL},
	};
	struct catalogue *texts = NULL;

	assert_int_equal(catalogue_open(&texts, SOURCE_ROOT "/lang", NULL), 0);
	mistakes(SAMPLE "mou-cheng/measures.yaml", false, rows, sizeof(rows) / sizeof(*rows),
		 texts);
	catalogue_close(texts);
}

/* Five mistakes, one of them in the syntax at the end: all are told, with their lines. */
static void all_in_one_pass(void **state)
{
	char *text = slurp(SAMPLE "node.yaml");
	char *a = changed(text, "log: info", "log：info");
	char *b = changed(a, "transport: udp", "transport: utp");
	char *c = changed(b, "channels: 30", "channels: 0");
	char *d = changed(c, "port: 8080", "prot: 8080");
	char *e = changed(d, "calls: 2000", "\"calls: 2000");
	struct node_config *n = calloc(1, sizeof(*n));

	begin();
	assert_int_equal(config_node_parse("x.yaml", e, strlen(e), n, &errs), EINVAL);
	if (errs.errors != 5)
		config_errors_print(&errs, NULL, "en", stderr);
	assert_int_equal(errs.errors, 5);
	assert_int_equal(told("config.wide_colon")->line, line_of(e, "log："));
	assert_int_equal(told("config.wrong_value")->line, line_of(e, "transport: utp"));
	assert_int_equal(told("config.out_of_range")->line, line_of(e, "channels: 0"));
	assert_int_equal(told("config.unknown_key")->line, line_of(e, "prot:"));
	assert_int_equal(told("config.syntax.unclosed")->line, line_of(e, "\"calls"));
	assert_string_equal(told("config.wrong_value")->at, "trunks[0].transport");
	free(text), free(a), free(b), free(c), free(d), free(e), free(n);
}

static void secrets_stay_secret(void **state)
{
	char *text = slurp(SAMPLE "node.yaml"), line[2048];
	char *bad = changed(text, "password: change-me", "password: \"geheim\\tgeheim\"");
	struct node_config *n = calloc(1, sizeof(*n));

	begin();
	assert_int_equal(config_node_parse("x.yaml", bad, strlen(bad), n, &errs), EINVAL);
	config_error_text(told("config.wrong_value"), NULL, "en", line, sizeof(line));
	assert_null(strstr(line, "geheim"));
	free(text), free(bad), free(n);
}

static int parse_text(const char *text, size_t len)
{
	static struct measures m;

	begin();
	return config_measures_parse("x.yaml", text, len, &m, &errs);
}

static void limits(void **state)
{
	size_t n = CONFIG_NODES_MAX * 4;
	char *big = calloc(1, n + 64);
	static char bomb[] = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\n"
			     "d: [*c, *c, *c, *c]\n";

	memset(big, '[', 60000);
	assert_int_equal(parse_text(big, 60000), EINVAL);
	told("config.too_deep");
	strcpy(big, "a: [");
	for (size_t i = 4; i < n; i += 2)
		memcpy(big + i, "x,", 2);
	strcpy(big + n - 2, "x]");
	assert_int_equal(parse_text(big, strlen(big)), EINVAL);
	told("config.too_many_values");
	assert_int_equal(parse_text(bomb, sizeof(bomb) - 1), EINVAL);
	told("config.alias");
	assert_int_equal(parse_text("a: \xCF\xF2\n", 6), EINVAL);
	told("config.not_utf8");
	assert_int_equal(parse_text("a: \0b\n", 6), EINVAL);
	told("config.not_utf8");
	assert_int_equal(parse_text("", 0), EINVAL);
	told("config.file_empty");
	assert_int_equal(parse_text("a: 1\n---\nb: 2\n", 14), EINVAL);
	told("config.second_document");
	assert_int_equal(parse_text("[a, b]: 1\n{c: d}: 2\n", 20), EINVAL);
	told("config.key_not_text");
	big[0] = '\0';
	for (unsigned i = 0; i < CONFIG_ERRORS_MAX + 40; i++)
		sprintf(big + strlen(big), "k%u: 1\n", i);
	assert_int_equal(parse_text(big, strlen(big)), EINVAL);
	assert_int_equal(errs.count, CONFIG_ERRORS_MAX);
	assert_true(errs.dropped >= 40);
	assert_int_equal(errs.errors, errs.count + errs.dropped);
	free(big);
}

static void files_that_cannot_be_read(void **state)
{
	struct config *c = NULL;
	enum config_kind kind;

	begin();
	assert_int_equal(config_load("/nowhere/node.yaml", &c, &errs), ENOENT);
	told("config.unreadable");
	assert_null(c);
	begin();
	assert_int_equal(config_file_check("/dev/zero", &kind, &errs), EFBIG);
	told("config.too_large");
	begin();
	assert_int_equal(config_file_check(SOURCE_ROOT "/LICENSE", &kind, &errs), EINVAL);
	assert_int_equal(kind, CONFIG_KIND_UNKNOWN);
	begin();
	assert_int_equal(config_file_check(SAMPLE "node.yaml", &kind, &errs), 0);
	assert_int_equal(kind, CONFIG_KIND_NODE);
	assert_int_equal(config_file_check(SAMPLE "bei-po/measures.yaml", &kind, &errs), 0);
	assert_int_equal(kind, CONFIG_KIND_MEASURES);
	assert_int_equal(config_file_check(SAMPLE "bei-po", &kind, &errs), 0);
	assert_int_equal(kind, CONFIG_KIND_DIRECTORY);
}

/* A directory that the configuration doesn't fit. */
static void against_a_directory(void **state)
{
	struct directory_extension x[] = {
	    {.id = 1, .number = "831"},	 {.id = 2, .number = "9312"}, {.id = 3, .number = "8000"},
	    {.id = 4, .number = "7105"}, {.id = 5, .number = "1101"}, {.id = 6, .number = "8310"},
	};
	struct directory_person p[] = {
	    {.id = 1, .name = "a", .post = POST_CHAIRMAN},
	    {.id = 2, .name = "b", .post = POST_OPERATOR},
	};
	struct directory_department g[] = {
	    {.id = 1, .name = "c", .number = "8600", .hours = 2, .announce = 1},
	    {.id = 3, .name = "d", .number = "8601", .announce = 1},
	};
	struct directory d = {.extensions = x,
			      .extension_count = 6,
			      .people = p,
			      .person_count = 2,
			      .departments = g,
			      .department_count = 2};
	static const char *const keys[] = {
	    "config.dir.length",
	    "config.dir.outside",
	    "config.dir.main_number",
	    "config.dir.parking",
	    "config.dir.emergency",
	    "config.dir.begins",
	    "config.dir.hours",
	    "config.dir.announce",
	    "config.dir.no_members",
	    "config.dir.no_secretary",
	    "config.dir.no_extension",
	    "config.dir.vacant.general_manager",
	    "config.dir.vacant.gad_manager",
	    "config.dir.department_unknown",
	    "config.dir.number_unknown",
	};
	struct config *c = NULL;
	struct catalogue *texts = NULL;
	const struct config_error *e;

	begin();
	assert_int_equal(catalogue_open(&texts, SOURCE_ROOT "/lang", NULL), 0);
	assert_int_equal(config_load(SAMPLE "node.yaml", &c, &errs), 0);
	config_directory_check(c, 0, &d, &errs);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		told(keys[i]);
		assert_true(catalogue_has(texts, keys[i]));
	}
	e = told("config.dir.number_unknown");
	assert_string_equal(e->file, SAMPLE "node.yaml");
	assert_true(e->line > 90);
	e = told("config.dir.department_unknown");
	assert_string_equal(e->file, SAMPLE "mou-cheng/measures.yaml");
	assert_string_equal(e->at, "departments.customer_service");
	assert_int_equal(told("config.dir.vacant.gad_manager")->severity, CONFIG_WARNING);
	config_free(c);
	catalogue_close(texts);
}

/* The section of delivery put into the sample; relative paths are the sample's folder. */
static void delivery(const char *section)
{
	char *sample = slurp(SAMPLE "node.yaml");
	struct node_config *n = calloc(1, sizeof(*n));
	char *text = changed(sample, "\nmedia:\n", section);

	begin();
	assert_non_null(n);
	config_node_parse(SAMPLE "node.yaml", text, strlen(text), n, &errs);
	free(text);
	free(sample);
	free(n);
}

static void mistakes_of_delivery(void **state)
{
	const struct config_error *e;

	delivery("\ndelivery:\n"
		 "  link: zongji.example/\n"
		 "  retry_first: 1h\n  retry_longest: 30min\n"
		 "  mail: {server: mail.example, user: zongji, from: zongji}\n"
		 "  wecom: {corp_id: ww1, agent_id: 一}\n"
		 "  feishu: {secret_file: no-such-file}\n"
		 "  robots:\n"
		 "    - {id: a, kind: wecom, key_file: node.yaml, secret_file: node.yaml}\n"
		 "    - {id: a, kind: telegram}\n"
		 "  webhooks: [{id: w, url: \"ftp://x\", secret_file: node.yaml}]\n"
		 "  pigeons: 3\n"
		 "media:\n");
	assert_string_equal(told("config.bad_url")->at, "delivery.link");
	e = told("config.wrong_value");
	assert_non_null(e);
	assert_string_equal(told("config.min_over_max")->at, "delivery.retry_first");
	assert_string_equal(told("config.delivery_needs")->at, "delivery.mail");
	assert_string_equal(told("config.robot_unsigned")->at, "delivery.robots[0].secret_file");
	assert_string_equal(told("config.taken_twice")->at, "delivery.robots[1].id");
	assert_string_equal(told("config.missing")->found, "key_file");
	assert_string_equal(told("config.unknown_key")->found, "pigeons");
	for (size_t i = 0; i < errs.count; i++) /* a secret's file is read, and never shown */
		assert_null(strstr(errs.list[i].found, "示例节点"));
}

static void what_a_reload_changes(void **state)
{
	struct config *a = NULL, *b = NULL;
	char text[256];

	begin();
	assert_int_equal(config_load(SAMPLE "node.yaml", &a, &errs), 0);
	assert_int_equal(config_load(SAMPLE "node.yaml", &b, &errs), 0);
	assert_int_equal(config_compare(a, b), 0);
	b->node.trunks[0].channels++;
	assert_int_equal(config_compare(a, b), CONFIG_PART_TRUNKS);
	b->measures[1].rings = 4;
	assert_int_equal(config_compare(a, b), CONFIG_PART_TRUNKS | CONFIG_PART_MEASURES);
	b->node.delivery.attempts++;
	assert_int_equal(config_compare(a, b), CONFIG_PART_TRUNKS | CONFIG_PART_MEASURES |
						       CONFIG_PART_DELIVERY);
	assert_false(CONFIG_PART_DELIVERY & CONFIG_PARTS_RESTART);
	b->node.interfaces[0].udp_port = 5062;
	assert_true(config_compare(a, b) & CONFIG_PARTS_RESTART);
	config_parts_text(config_compare(a, b), text, sizeof(text));
	assert_string_equal(text, "trunks, measures, interfaces, delivery");
	b->node.organisations[1].id = 3;
	assert_true(config_compare(a, b) & CONFIG_PART_ORGANISATION_SET);
	config_free(a);
	config_free(b);
}

/* docs/configuration.md is what the tables say. To write it anew: zongji check --reference. */
static void reference_is_up_to_date(void **state)
{
	char *text = NULL, *doc = slurp(SOURCE_ROOT "/docs/configuration.md");
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	config_reference(f);
	fclose(f);
	assert_string_equal(text, doc);
	free(text);
	free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sample_is_right),		 cmocka_unit_test(hours_and_holidays),
	    cmocka_unit_test(classes_of_service),	 cmocka_unit_test(mistakes_of_a_node),
	    cmocka_unit_test(mistakes_of_measures),	 cmocka_unit_test(all_in_one_pass),
	    cmocka_unit_test(secrets_stay_secret),	 cmocka_unit_test(limits),
	    cmocka_unit_test(files_that_cannot_be_read), cmocka_unit_test(against_a_directory),
	    cmocka_unit_test(mistakes_of_delivery),
	    cmocka_unit_test(what_a_reload_changes),	 cmocka_unit_test(reference_is_up_to_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
