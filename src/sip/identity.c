/*
 * Who calls whom, as SIP says it: request URI, To, P-Called-Party-ID, From, P-Asserted-Identity,
 * Privacy, Diversion (RFC 3261, 3323, 3325, 5806, 7044), and the rules and templates of a trunk.
 *
 * Templates: {number} the caller's own number, {shown} what may be seen of it outside (it, when
 * it is in one of the trunk's ranges; else the trunk's shown number, else its user), {name},
 * {domain}, {user}. Default From: <sip:{shown}@{domain}>.
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

/* ---- Numbers ---- */

static bool rule_fits(const struct sip_number_rule *r, const char *number, size_t len)
{
	return text_starts(number, r->prefix) && (!r->length_min || len >= r->length_min) &&
	       (!r->length_max || len <= r->length_max) && r->strip <= len;
}

int identity_number(const struct sip_number_rule *rules, unsigned count, const char *in,
		    char out[SIP_NUMBER])
{
	size_t len = strlen(in);
	char n[SIP_NUMBER] = "";

	for (unsigned i = 0; i < count; i++) {
		if (!rule_fits(&rules[i], in, len))
			continue;
		if (text_append(n, sizeof(n), "%s%s", rules[i].add, in + rules[i].strip))
			return EOVERFLOW;
		memcpy(out, n, sizeof(n));
		return 0;
	}
	return text_copy(out, SIP_NUMBER, in);
}

static void number_in(const struct sip_number_rule *rules, unsigned count, char number[SIP_NUMBER])
{
	char copy[SIP_NUMBER];

	memcpy(copy, number, sizeof(copy));
	if (identity_number(rules, count, copy, number))
		memset(number, 0, SIP_NUMBER);
}

/* ---- Incoming ---- */

/* A display name: quotes off, escapes undone; what isn't UTF-8 or holds controls is no name. */
static void name_read(const struct pl *dname, char out[SIP_NAME])
{
	char name[SIP_NAME] = "";
	struct pl in = *dname;
	size_t n = 0;

	if (in.l >= 2 && in.p[0] == '"' && in.p[in.l - 1] == '"') {
		in.p++;
		in.l -= 2;
	}
	for (size_t i = 0; i < in.l && n < sizeof(name) - 1; i++) {
		if (in.p[i] == '\\' && i + 1 < in.l)
			i++;
		if ((unsigned char)in.p[i] < ' ')
			return;
		name[n++] = in.p[i];
	}
	(void)text_copy(out, SIP_NAME, name); /* may be cut in the middle of a character … */
	while (n && !text_utf8_valid(out, n) && ((unsigned char)out[n - 1] & 0x80))
		out[--n] = '\0'; /* … which then goes */
	if (!text_utf8_valid(out, n))
		memset(out, 0, SIP_NAME);
}

static void party_read(const struct pl *value, struct sip_invite *inv)
{
	struct sip_addr addr;

	if (sip_addr_decode(&addr, value))
		return;
	if (sip_in_user(&addr.uri, inv->number, sizeof(inv->number)))
		return;
	if (pl_isset(&addr.dname))
		name_read(&addr.dname, inv->name);
}

static bool caller_withheld(const struct sip_msg *msg)
{
	static const char *const tokens[] = {"id", "user", "header"};
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_PRIVACY);
	struct pl found;

	for (size_t i = 0; h && i < ARRAY_SIZE(tokens); i++) {
		struct pl rest = h->val;

		while (rest.l && !re_regex(rest.p, rest.l, "[^; \t,]+", &found)) {
			if (!pl_strcasecmp(&found, tokens[i]))
				return true;
			pl_advance(&rest, found.p + found.l - rest.p);
		}
	}
	return !pl_strcasecmp(&msg->from.uri.host, "anonymous.invalid") ||
	       !pl_strcasecmp(&msg->from.uri.user, "anonymous");
}

static void dialled_read(const struct sip_msg *msg, const struct sip_trunk_config *c,
			 struct sip_invite *inv)
{
	const struct sip_hdr *h;
	const struct uri *uri = &msg->uri;
	struct sip_addr addr;

	if (c && c->did_source == SIP_DID_TO) {
		uri = &msg->to.uri;
	} else if (c && c->did_source == SIP_DID_CALLED_PARTY) {
		h = sip_msg_hdr(msg, SIP_HDR_P_CALLED_PARTY_ID);
		if (h && !sip_addr_decode(&addr, &h->val))
			uri = &addr.uri;
	}
	if (sip_in_user(uri, inv->dialled, sizeof(inv->dialled)))
		memset(inv->dialled, 0, sizeof(inv->dialled));
	if (c)
		number_in(c->did, c->did_count, inv->dialled);
}

void identity_incoming(struct sip_room *r, const struct sip_msg *msg, const struct sip_caller *who,
		       struct sip_invite *inv)
{
	const struct sip_trunk *t = who->trunk ? sip_trunk_find(r, who->trunk) : NULL;
	const struct sip_trunk_config *c = t ? sip_trunk_config(t) : NULL;
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_P_ASSERTED_IDENTITY);
	uint32_t diversions = sip_msg_xhdr_count(msg, "Diversion");
	uint32_t history = sip_msg_hdr_count(msg, SIP_HDR_HISTORY_INFO);

	dialled_read(msg, c, inv);
	if (history > 1 && history - 1 > diversions)
		diversions = history - 1;
	inv->diversions = (uint8_t)(diversions > 255 ? 255 : diversions);
	inv->withheld = caller_withheld(msg);
	if (inv->withheld)
		return;
	if (h && c && c->trust_pai)
		party_read(&h->val, inv);
	if (!inv->number[0])
		party_read(&msg->from.val, inv);
	if (c)
		number_in(c->in, c->in_count, inv->number);
}

/* ---- Outgoing ---- */

static int put_user(char *dst, size_t cap, const char *user)
{
	char text[3 * SIP_NUMBER];
	struct pl pl;

	pl_set_str(&pl, user);
	if (re_snprintf(text, sizeof(text), "%H", uri_user_escape, &pl) < 0)
		return EOVERFLOW;
	return text_append(dst, cap, "%s", text);
}

/* Inside a quoted string. */
static int put_name(char *dst, size_t cap, const char *name)
{
	for (; *name; name++) {
		const char *escape = *name == '"' || *name == '\\' ? "\\" : "";

		if ((unsigned char)*name < ' ' || *name == 127)
			continue;
		if (text_append(dst, cap, "%s%c", escape, *name))
			return EOVERFLOW;
	}
	return 0;
}

struct party {
	const char *number, *name, *domain, *user, *shown;
};

static int put_placeholder(char *dst, size_t cap, const struct pl *name, const struct party *p)
{
	if (!pl_strcmp(name, "number"))
		return put_user(dst, cap, p->number);
	if (!pl_strcmp(name, "shown"))
		return put_user(dst, cap, p->shown);
	if (!pl_strcmp(name, "user"))
		return put_user(dst, cap, p->user);
	if (!pl_strcmp(name, "domain"))
		return text_append(dst, cap, "%s", p->domain);
	if (!pl_strcmp(name, "name"))
		return put_name(dst, cap, p->name);
	return EINVAL;
}

static int expand(char *dst, size_t cap, const char *template, const struct party *p)
{
	const char *at = template;
	int err = 0;

	while (*at && !err) {
		size_t plain = strcspn(at, "{");
		const char *close = strchr(at + plain, '}');
		struct pl name;

		err = text_append(dst, cap, "%.*s", (int)plain, at);
		at += plain;
		if (!*at || err)
			break;
		if (!close)
			return EINVAL;
		name.p = at + 1;
		name.l = (size_t)(close - at - 1);
		err = put_placeholder(dst, cap, &name, p);
		at = close + 1;
	}
	return err;
}

/* Our own numbers only are shown outside; never a foreign one of a call that is forwarded. */
static const char *number_shown(const struct sip_trunk_config *c, const char *number)
{
	for (unsigned i = 0; i < SIP_TRUNK_RANGES; i++)
		if (c->ranges[i][0] && number[0] && text_starts(number, c->ranges[i]))
			return number;
	return c->shown_number[0] ? c->shown_number : c->user;
}

static const char anonymous[] = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";

static int outgoing_trunk(const struct sip_dial *dial, const struct sip_trunk_way *way,
			  const struct sip_trunk_config *c, struct dialog *d, char *headers,
			  size_t cap)
{
	const char *from = c->from_template[0] ? c->from_template : "<sip:{shown}@{domain}>";
	struct party p = {.number = dial->from_number, .name = dial->from_name,
			  .domain = way->domain, .user = c->user,
			  .shown = number_shown(c, dial->from_number)};
	int err;

	err = text_append(d->remote, sizeof(d->remote), "<%s>", d->invite_uri);
	if (!err)
		err = dial->withheld ? TEXT_COPY(d->local, anonymous) :
				       expand(d->local, sizeof(d->local), from, &p);
	if (!err && c->pai_template[0]) {
		err = text_append(headers, cap, "P-Asserted-Identity: ");
		if (!err)
			err = expand(headers, cap, c->pai_template, &p);
		if (!err)
			err = text_append(headers, cap, "\r\n");
	}
	if (!err && dial->withheld)
		err = text_append(headers, cap, "Privacy: id\r\n");
	return err;
}

/* "name" <sip:number@our address>: what a phone shows and calls back by. */
static int put_inside(char *dst, size_t cap, const struct sip_iface *f, const char *number,
		      const char *name)
{
	const struct sip_interface_config *c = &f->config;
	const char *host = c->advertised_ip[0] ? c->advertised_ip : c->ip;
	bool v6 = strchr(host, ':') != NULL;
	int err = 0;

	if (name[0]) {
		err = text_append(dst, cap, "\"");
		if (!err)
			err = put_name(dst, cap, name);
		if (!err)
			err = text_append(dst, cap, "\" ");
	}
	if (!err)
		err = text_append(dst, cap, "<sip:");
	if (!err)
		err = put_user(dst, cap, number[0] ? number : "unknown");
	return err ? err : text_append(dst, cap, "@%s%s%s>", v6 ? "[" : "", host, v6 ? "]" : "");
}

int identity_outgoing(struct usage *u, const struct sip_dial *dial, const struct sip_trunk_way *way,
		      struct dialog *d, char *headers, size_t cap)
{
	const struct sip_trunk *t = way ? sip_trunk_find(u->room, dial->trunk) : NULL;
	int err;

	if (t) {
		err = outgoing_trunk(dial, way, sip_trunk_config(t), d, headers, cap);
	} else {
		err = text_append(d->remote, sizeof(d->remote), "<%s>", d->invite_uri);
		if (!err)
			err = dial->withheld ? TEXT_COPY(d->local, anonymous) :
				put_inside(d->local, sizeof(d->local), u->iface,
					   dial->from_number, dial->from_name);
	}
	for (unsigned i = 0; !err && t && i < dial->diversions && i < 5; i++)
		err = text_append(headers, cap, "Diversion: <sip:%s@%s>;reason=unconditional\r\n",
				  sip_trunk_config(t)->user, way->domain);
	return err;
}

void identity_connected(const struct usage *u, char *headers, size_t cap)
{
	const struct sip_session *s = u->session;
	const struct sip_trunk *t = u->d.trunk ? sip_trunk_find(u->room, u->d.trunk) : NULL;
	char value[DIALOG_ADDRESS] = "";
	struct sip_trunk_way way;
	struct party p;
	int err;

	if (!s || !s->show_number[0])
		return;
	if (u->d.trunk) {
		if (!t || !sip_trunk_config(t)->pai_template[0] ||
		    sip_trunk_way(u->room, u->d.trunk, &way))
			return;
		p = (struct party){.number = s->show_number, .name = s->show_name,
				   .domain = way.domain, .user = sip_trunk_config(t)->user,
				   .shown = number_shown(sip_trunk_config(t), s->show_number)};
		err = expand(value, sizeof(value), sip_trunk_config(t)->pai_template, &p);
	} else {
		err = put_inside(value, sizeof(value), u->iface, s->show_number, s->show_name);
	}
	if (!err)
		(void)text_append(headers, cap, "P-Asserted-Identity: %s\r\n", value);
}
