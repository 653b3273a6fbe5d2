/* How messages are brought to people: the node's servers, credentials, robots, webhooks. */
#include <string.h>

#include "app/config/scalar.h"
#include "base/text.h"

#define D(member)     SCHEMA_AT(struct config_delivery, member)
#define MAIL(member)  SCHEMA_AT(struct deliver_mail, member)
#define APP(member)   SCHEMA_AT(struct deliver_app, member)
#define ROBOT(member) SCHEMA_AT(struct deliver_robot, member)
#define HOOK(member)  SCHEMA_AT(struct deliver_webhook, member)
#define ROWS(array)                                                                                \
	.offset = offsetof(struct config_delivery, deliver.array),                                 \
	.size = sizeof(((struct config_delivery *)0)->deliver.array[0])
#define COUNT(n) .count_offset = offsetof(struct config_delivery, deliver.n)

static const char *const securities[] = {"starttls", "tls", "none", NULL};
static const char *const robot_kinds[] = {"wecom", "dingtalk", "feishu", NULL};

static const struct schema_field mail_fields[] = {
    {"server", SCHEMA_HOST, MAIL(server), .help = "Mail server, host or host:port."},
    {"security", SCHEMA_WORD, MAIL(security), .words = securities, .fallback = "starttls",
     .help = "starttls (port 587 as a rule), tls (465), none inside one's own network only."},
    {"user", SCHEMA_TEXT, MAIL(user), .help = "Account there; without one nobody signs in."},
    {"password_file", SCHEMA_SECRET_FILE, MAIL(password), .help = "File with its password."},
    {"from", SCHEMA_TEXT, MAIL(from), .help = "Sender's address."},
    {"ca", SCHEMA_PATH, MAIL(ca), .help = "Authorities, PEM; the system's unless set."},
    {0},
};

static const struct schema_field wecom_fields[] = {
    {"corp_id", SCHEMA_TEXT, APP(id), .help = "Id of the company."},
    {"agent_id", SCHEMA_DIGITS, APP(agent), .help = "Number of the application."},
    {"secret_file", SCHEMA_SECRET_FILE, APP(secret), .help = "File with its secret."},
    {"url", SCHEMA_TEXT, APP(url), .help = "Another address of the interface, for a proxy."},
    {0},
};

static const struct schema_field dingtalk_fields[] = {
    {"app_key", SCHEMA_TEXT, APP(id), .help = "Key of the application."},
    {"agent_id", SCHEMA_DIGITS, APP(agent), .help = "Number of the application."},
    {"secret_file", SCHEMA_SECRET_FILE, APP(secret), .help = "File with its secret."},
    {"url", SCHEMA_TEXT, APP(url), .help = "Another address of the interface, for a proxy."},
    {0},
};

static const struct schema_field feishu_fields[] = {
    {"app_id", SCHEMA_TEXT, APP(id), .help = "Id of the application."},
    {"secret_file", SCHEMA_SECRET_FILE, APP(secret), .help = "File with its secret."},
    {"url", SCHEMA_TEXT, APP(url), .help = "Another address of the interface, for a proxy."},
    {0},
};

static const struct schema_field robot_fields[] = {
    {"id", SCHEMA_ID, ROBOT(id), .flags = SCHEMA_REQUIRED,
     .help = "Name by which departments refer to it."},
    {"kind", SCHEMA_WORD, ROBOT(kind), .words = robot_kinds, .flags = SCHEMA_REQUIRED,
     .help = "Its platform."},
    {"key_file", SCHEMA_SECRET_FILE, ROBOT(key), .flags = SCHEMA_REQUIRED,
     .help = "File with the key, token or id that ends its address."},
    {"secret_file", SCHEMA_SECRET_FILE, ROBOT(secret),
     .help = "File with the secret that signs; unsigned unless set."},
    {"url", SCHEMA_TEXT, ROBOT(url), .help = "Another address of the interface, for a proxy."},
    {0},
};

static const struct schema_field webhook_fields[] = {
    {"id", SCHEMA_ID, HOOK(id), .flags = SCHEMA_REQUIRED,
     .help = "Name by which people and departments refer to it."},
    {"url", SCHEMA_TEXT, HOOK(url), .flags = SCHEMA_REQUIRED, .help = "Where it is posted to."},
    {"secret_file", SCHEMA_SECRET_FILE, HOOK(secret), .flags = SCHEMA_REQUIRED,
     .help = "File with the secret that signs (headers of Standard Webhooks)."},
    {"content", SCHEMA_BOOL, HOOK(content), .fallback = "false",
     .help = "What was said goes with it, not only that a message waits."},
    {0},
};

const struct schema_field delivery_fields[] = {
    {"link", SCHEMA_TEXT, D(link),
     .help = "Address under which recipients' browsers find the console: for the link in a mail or "
	     "message. Without it there are no links."},
    {"retry_first", SCHEMA_MS, D(retry_first_ms), 100, 3600000, .fallback = "30s",
     .help = "A failed attempt is repeated after this, then after four times as long …"},
    {"retry_longest", SCHEMA_MS, D(retry_longest_ms), 100, 86400000, .fallback = "2h",
     .help = "… and at the most after this."},
    {"attempts", SCHEMA_INTEGER, D(attempts), 1, 50, .fallback = "12",
     .help = "Attempts on one way; then it has failed and the next is taken."},
    {"timeout", SCHEMA_MS, D(deliver.timeout_ms), 200, 120000, .fallback = "20s",
     .help = "For a server to get on."},
    {"proxy", SCHEMA_TEXT, D(deliver.proxy), .help = "HTTP proxy to the outside."},
    {"mail", SCHEMA_SECTION, D(deliver.mail), .fields = mail_fields, .help = "Mail."},
    {"wecom", SCHEMA_SECTION, D(deliver.wecom), .fields = wecom_fields,
     .help = "Application messages of WeCom."},
    {"dingtalk", SCHEMA_SECTION, D(deliver.dingtalk), .fields = dingtalk_fields,
     .help = "Application messages of DingTalk."},
    {"feishu", SCHEMA_SECTION, D(deliver.feishu), .fields = feishu_fields,
     .help = "Application messages of Feishu."},
    {"robots", SCHEMA_TABLE, ROWS(robots), 0, DELIVER_ROBOTS, .fields = robot_fields,
     COUNT(robot_count), .help = "Group robots, for departments."},
    {"webhooks", SCHEMA_TABLE, ROWS(webhooks), 0, DELIVER_WEBHOOKS, .fields = webhook_fields,
     COUNT(webhook_count), .help = "Systems of the company that are told."},
    {0},
};

static void needs(struct walk *w, bool set, bool there, const char *path, const char *what)
{
	if (set && !there && !w->doc->partial)
		TEXT_COPY(walk_error_at(w, "config.delivery_needs", "%s", path)->a, what);
}

static void url_check(struct walk *w, const char *url, const char *path)
{
	size_t n = strlen(url);

	if (n && ((!text_starts(url, "http://") && !text_starts(url, "https://")) ||
		  url[n - 1] == '/' || strpbrk(url, " \"<>\\")))
		walk_error_at(w, "config.bad_url", "%s", path);
}

static void app_check(struct walk *w, const struct deliver_app *a, const char *path, const char *id,
		      bool agent)
{
	char at[64];
	bool set = a->id[0] || a->secret[0] || a->agent[0];

	needs(w, set, a->id[0], path, id);
	needs(w, set && agent, a->agent[0], path, "agent_id");
	needs(w, set, a->secret[0], path, "secret_file");
	snprintf(at, sizeof(at), "%s.url", path);
	url_check(w, a->url, at);
}

static void mail_check(struct walk *w, const struct deliver_mail *m)
{
	const char *at = strchr(m->from, '@');

	needs(w, m->server[0], m->from[0], "delivery.mail", "from");
	needs(w, m->from[0] || m->user[0], m->server[0], "delivery.mail", "server");
	needs(w, m->user[0], m->password[0], "delivery.mail", "password_file");
	needs(w, m->password[0], m->user[0], "delivery.mail", "user");
	if (m->from[0] && (!at || at == m->from || !at[1] || strpbrk(m->from, " <>\"")))
		walk_error_at(w, "config.wrong_value", "delivery.mail.from");
	if (m->security == DELIVER_PLAIN && m->password[0])
		walk_warning_at(w, "config.mail_plain", "delivery.mail.security");
}

static void taken(struct walk *w, const char *list, unsigned i, const char *id, unsigned other)
{
	struct config_error *e = walk_error_at(w, "config.taken_twice", "%s[%u].id", list, i);
	char path[64];
	const struct item *it;

	snprintf(path, sizeof(path), "%s[%u].id", list, other);
	it = document_find(w->doc, path);
	TEXT_COPY(e->found, id);
	TEXT_COPY(e->a, path);
	snprintf(e->b, sizeof(e->b), "%u", it ? it->line : 0);
}

void delivery_check(struct walk *w, const struct config_delivery *d)
{
	const struct deliver_config *c = &d->deliver;
	char path[64];

	url_check(w, d->link, "delivery.link");
	url_check(w, c->proxy, "delivery.proxy");
	if (d->retry_longest_ms && d->retry_first_ms > d->retry_longest_ms)
		walk_error_at(w, "config.min_over_max", "delivery.retry_first");
	mail_check(w, &c->mail);
	app_check(w, &c->wecom, "delivery.wecom", "corp_id", true);
	app_check(w, &c->dingtalk, "delivery.dingtalk", "app_key", true);
	app_check(w, &c->feishu, "delivery.feishu", "app_id", false);
	for (unsigned i = 0; i < c->robot_count; i++) {
		snprintf(path, sizeof(path), "delivery.robots[%u].url", i);
		url_check(w, c->robots[i].url, path);
		if (c->robots[i].kind == DELIVER_ROBOT_WECOM && c->robots[i].secret[0])
			walk_error_at(w, "config.robot_unsigned", "delivery.robots[%u].secret_file",
				      i);
		for (unsigned j = 0; j < i; j++)
			if (c->robots[i].id[0] && text_eq(c->robots[i].id, c->robots[j].id))
				taken(w, "delivery.robots", i, c->robots[i].id, j);
	}
	for (unsigned i = 0; i < c->webhook_count; i++) {
		snprintf(path, sizeof(path), "delivery.webhooks[%u].url", i);
		url_check(w, c->webhooks[i].url, path);
		for (unsigned j = 0; j < i; j++)
			if (c->webhooks[i].id[0] && text_eq(c->webhooks[i].id, c->webhooks[j].id))
				taken(w, "delivery.webhooks", i, c->webhooks[i].id, j);
	}
}
