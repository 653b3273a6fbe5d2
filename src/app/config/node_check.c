/* What has to be true among the settings of a node. */
#include <stdlib.h>
#include <string.h>

#include "app/config/errors.h"
#include "app/config/scalar.h"
#include "base/text.h"

/* A reference to a name that isn't there. */
static void unknown(struct walk *w, const char *path, const char *found, const char *const *words,
		    size_t count)
{
	const char *near = errors_nearest(found, words, count);
	struct config_error *e = walk_error_at(w, "config.unknown_reference", "%s", path);

	TEXT_COPY(e->found, found);
	if (near)
		TEXT_COPY(e->suggestion, near);
	else if (count) {
		TEXT_COPY(e->expect, "config.expect.one_of");
		for (size_t i = 0; i < count; i++)
			text_append(e->a, sizeof(e->a), "%s%s", i ? ", " : "", words[i]);
	}
}

static void taken(struct walk *w, const char *path, const char *found, const char *other)
{
	struct config_error *e = walk_error_at(w, "config.taken_twice", "%s", path);
	const struct item *it = document_find(w->doc, other);

	TEXT_COPY(e->found, found);
	snprintf(e->a, sizeof(e->a), "%s", other);
	snprintf(e->b, sizeof(e->b), "%u", it ? it->line : 0);
}

static bool ports_meet(const struct config_interface *a, const struct config_interface *b)
{
	return (a->udp_port && a->udp_port == b->udp_port) ||
	       (a->tcp_port && (a->tcp_port == b->tcp_port || a->tcp_port == b->tls_port)) ||
	       (a->tls_port && (a->tls_port == b->tls_port || a->tls_port == b->tcp_port));
}

static void interface_check(struct walk *w, const struct node_config *n, unsigned i)
{
	const struct config_interface *f = &n->interfaces[i];
	char path[64], other[64];

	for (unsigned j = 0; j < i; j++) {
		const struct config_interface *g = &n->interfaces[j];

		snprintf(path, sizeof(path), "interfaces[%u].name", i);
		snprintf(other, sizeof(other), "interfaces[%u].name", j);
		if (f->name[0] && text_eq(f->name, g->name))
			taken(w, path, f->name, other);
		snprintf(path, sizeof(path), "interfaces[%u].address", i);
		snprintf(other, sizeof(other), "interfaces[%u].address", j);
		if (f->address[0] && text_eq(f->address, g->address) && ports_meet(f, g))
			taken(w, path, f->address, other);
	}
}

static void interface_ports_check(struct walk *w, const struct node_config *n, unsigned i)
{
	const struct config_interface *f = &n->interfaces[i];

	if (!f->udp_port && !f->tcp_port)
		walk_error_at(w, "config.no_transport", "interfaces[%u]", i);
	if (f->tcp_port && f->tcp_port == f->tls_port)
		walk_error_at(w, "config.same_port", "interfaces[%u].tls_port", i);
	if (f->tls_port && !f->certificate[0])
		walk_error_at(w, "config.no_certificate", "interfaces[%u].tls_port", i);
	if (text_eq(f->address, n->http.address) &&
	    (f->tcp_port == n->http.port || f->tls_port == n->http.port))
		walk_error_at(w, "config.same_port", "http.port");
}

static const struct config_interface *interface_find(const struct node_config *n, const char *name)
{
	for (unsigned i = 0; i < n->interface_count; i++)
		if (text_eq(n->interfaces[i].name, name))
			return &n->interfaces[i];
	return NULL;
}

static void trunk_interface_check(struct walk *w, const struct node_config *n, unsigned i)
{
	const struct config_trunk *t = &n->trunks[i];
	const struct config_interface *f = interface_find(n, t->interface);
	const char *names[CONFIG_INTERFACES];
	bool there = false;
	char path[64];

	if (!t->interface[0])
		return;
	if (!f) {
		for (unsigned j = 0; j < n->interface_count; j++)
			names[j] = n->interfaces[j].name;
		snprintf(path, sizeof(path), "trunks[%u].interface", i);
		unknown(w, path, t->interface, names, n->interface_count);
		return;
	}
	switch (t->transport) {
	case CONFIG_UDP:
		there = f->udp_port;
		break;
	case CONFIG_TCP:
		there = f->tcp_port;
		break;
	case CONFIG_TLS:
		there = f->tls_port;
		break;
	}
	if (!there) {
		struct config_error *e =
		    walk_error_at(w, "config.transport_off", "trunks[%u].transport", i);

		TEXT_COPY(e->a, f->name);
	}
}

/* Templates may name these only. */
static void template_check(struct walk *w, const char *text, unsigned i, const char *key)
{
	static const char *const words[] = {"number", "name", "domain", "user", "shown"};

	for (const char *p = strchr(text, '{'); p; p = strchr(p, '{')) {
		char word[24];
		size_t n = strcspn(++p, "}"), j = 0;

		text_copy_n(word, sizeof(word), p, n);
		while (j < 5 && !text_eq(word, words[j]))
			j++;
		if (j == 5 || p[n] != '}') {
			char path[64];

			snprintf(path, sizeof(path), "trunks[%u].%s", i, key);
			unknown(w, path, word, words, 5);
		}
	}
}

static void rules_check(struct walk *w, const struct config_rule *r, unsigned count, unsigned i,
			const char *key)
{
	for (unsigned j = 0; j < count; j++) {
		if (r[j].length_max && r[j].length_max < r[j].length_min)
			walk_error_at(w, "config.min_over_max", "trunks[%u].%s[%u].length_max", i,
				      key, j);
		if (r[j].strip > strlen(r[j].prefix) && r[j].strip > r[j].length_min)
			walk_error_at(w, "config.strip_too_long", "trunks[%u].%s[%u].strip", i, key,
				      j);
		for (unsigned k = 0; k < j; k++)
			if (text_starts(r[j].prefix, r[k].prefix) && !r[k].length_min &&
			    !r[k].length_max) {
				struct config_error *e = walk_error_at(
				    w, "config.rule_never", "trunks[%u].%s[%u].prefix", i, key, j);

				TEXT_COPY(e->a, r[k].prefix);
				break;
			}
	}
}

static void codecs_check(struct walk *w, const struct config_trunk *t, unsigned i)
{
	char path[64], other[64];

	for (unsigned j = 1; j < t->codec_count; j++)
		for (unsigned k = 0; k < j; k++)
			if (t->codecs[j] != CODEC_NONE && t->codecs[j] == t->codecs[k]) {
				snprintf(path, sizeof(path), "trunks[%u].codecs[%u]", i, j);
				snprintf(other, sizeof(other), "trunks[%u].codecs[%u]", i, k);
				taken(w, path, codec_name(t->codecs[j]), other);
			}
}

static void trunk_check(struct walk *w, const struct node_config *n, unsigned i)
{
	const struct config_trunk *t = &n->trunks[i];
	char path[64], other[64];

	for (unsigned j = 0; j < i; j++)
		if (t->id[0] && text_eq(t->id, n->trunks[j].id)) {
			snprintf(path, sizeof(path), "trunks[%u].id", i);
			snprintf(other, sizeof(other), "trunks[%u].id", j);
			taken(w, path, t->id, other);
		}
	trunk_interface_check(w, n, i);
	if (!t->peer_count && !t->domain[0] && !t->proxy[0] && !w->doc->partial)
		walk_error_at(w, "config.trunk_nowhere", "trunks[%u]", i);
	if (t->registers && !t->user[0])
		walk_error_at(w, "config.register_needs", "trunks[%u].registers", i);
	if (t->srtp != CONFIG_SRTP_OFF && t->transport != CONFIG_TLS)
		walk_error_at(w, "config.srtp_needs_tls", "trunks[%u].srtp", i);
	codecs_check(w, t, i);
	template_check(w, t->from_template, i, "from");
	template_check(w, t->identity_template, i, "identity");
	rules_check(w, t->rules_in, t->rule_in_count, i, "caller_rules");
	rules_check(w, t->rules_did, t->rule_did_count, i, "called_rules");
	rules_check(w, t->rules_out, t->rule_out_count, i, "dial_rules");
}

/* Two trunks that share a source address and an interface can't be told apart. */
static void peers_check(struct walk *w, const struct node_config *n, unsigned i)
{
	const struct config_trunk *t = &n->trunks[i];

	for (unsigned j = 0; j < i; j++) {
		const struct config_trunk *u = &n->trunks[j];

		if (!text_eq(t->interface, u->interface) || !t->enabled || !u->enabled)
			continue;
		for (unsigned a = 0; a < t->peer_count * u->peer_count; a++) {
			const struct config_peer *p = &t->peers[a / u->peer_count];
			const struct config_peer *q = &u->peers[a % u->peer_count];
			char path[64], other[64];

			if (!p->address[0] || !text_eq(p->address, q->address) ||
			    (p->port && q->port && p->port != q->port))
				continue;
			snprintf(path, sizeof(path), "trunks[%u].peers[%u]", i, a / u->peer_count);
			snprintf(other, sizeof(other), "trunks[%u].peers[%u]", j,
				 a % u->peer_count);
			taken(w, path, p->address, other);
		}
	}
}

static void trunk_reference(struct walk *w, const struct node_config *n, const char *id,
			    const char *path)
{
	const char *names[CONFIG_TRUNKS];

	for (unsigned j = 0; j < n->trunk_count; j++) {
		if (text_eq(n->trunks[j].id, id))
			return;
		names[j] = n->trunks[j].id;
	}
	unknown(w, path, id, names, n->trunk_count);
}

/* One number from one trunk leads to one place. */
static void did_check(struct walk *w, const struct node_config *n, unsigned o, unsigned i)
{
	const struct config_number *d = &n->organisations[o].numbers[i];

	for (unsigned p = 0; p <= o; p++) {
		const struct config_organisation *other = &n->organisations[p];

		for (unsigned j = 0; j < (p == o ? i : other->number_count); j++) {
			const struct config_number *q = &other->numbers[j];
			char path[64], there[64];

			if (!d->number[0] || !text_eq(d->number, q->number) ||
			    !text_eq(d->trunk, q->trunk))
				continue;
			snprintf(path, sizeof(path), "organisations[%u].numbers[%u].number", o, i);
			snprintf(there, sizeof(there), "organisations[%u].numbers[%u].number", p,
				 j);
			taken(w, path, d->number, there);
		}
	}
}

static void routes_check(struct walk *w, const struct node_config *n, unsigned o)
{
	const struct config_organisation *org = &n->organisations[o];
	char path[64], other[64];

	for (unsigned i = 0; i < org->route_count; i++) {
		snprintf(path, sizeof(path), "organisations[%u].routes[%u]", o, i);
		if (org->routes[i][0])
			trunk_reference(w, n, org->routes[i], path);
		for (unsigned j = 0; j < i; j++)
			if (org->routes[i][0] && text_eq(org->routes[i], org->routes[j])) {
				snprintf(other, sizeof(other), "organisations[%u].routes[%u]", o,
					 j);
				taken(w, path, org->routes[i], other);
			}
	}
	if (!org->route_count)
		walk_warning_at(w, "config.no_routes", "organisations[%u]", o);
}

static void organisation_check(struct walk *w, const struct node_config *n, unsigned o)
{
	const struct config_organisation *org = &n->organisations[o];
	char path[64], other[64], id[16];

	for (unsigned j = 0; j < o; j++)
		if (org->id && org->id == n->organisations[j].id) {
			snprintf(path, sizeof(path), "organisations[%u].id", o);
			snprintf(other, sizeof(other), "organisations[%u].id", j);
			snprintf(id, sizeof(id), "%u", org->id);
			taken(w, path, id, other);
		}
	for (unsigned j = 0; j < o; j++)
		if (org->measures[0] && text_eq(org->measures, n->organisations[j].measures)) {
			snprintf(path, sizeof(path), "organisations[%u].measures", o);
			snprintf(other, sizeof(other), "organisations[%u].measures", j);
			taken(w, path, org->measures, other);
		}
	for (unsigned i = 0; i < org->number_count; i++) {
		snprintf(path, sizeof(path), "organisations[%u].numbers[%u].trunk", o, i);
		if (org->numbers[i].trunk[0])
			trunk_reference(w, n, org->numbers[i].trunk, path);
		did_check(w, n, o, i);
	}
	routes_check(w, n, o);
	if (org->kind == ORG_CONTROLLED) {
		unsigned j = 0;

		while (j < n->organisation_count && n->organisations[j].kind != ORG_HEADQUARTERS)
			j++;
		if (j == n->organisation_count)
			walk_error_at(w, "config.no_headquarters", "organisations[%u].kind", o);
	}
}

void node_check(struct walk *w, const struct node_config *n)
{
	for (unsigned i = 0; i < n->interface_count; i++) {
		interface_check(w, n, i);
		interface_ports_check(w, n, i);
	}
	for (unsigned i = 0; i < n->trunk_count; i++) {
		trunk_check(w, n, i);
		peers_check(w, n, i);
	}
	for (unsigned o = 0; o < n->organisation_count; o++)
		organisation_check(w, n, o);
	if (n->sip.expiry_min_s > n->sip.expiry_default_s ||
	    n->sip.expiry_default_s > n->sip.expiry_max_s)
		walk_error_at(w, "config.expiry_order", "sip.expires_default");
	if (n->http.key[0] && !n->http.certificate[0])
		walk_error_at(w, "config.key_alone", "http.key");
	if (n->store.sqlite[0] && n->store.postgres[0])
		walk_error_at(w, "config.two_stores", "store.postgres");
	delivery_check(w, &n->delivery);
	if (n->limits.legs && n->limits.legs < n->limits.calls)
		walk_error_at(w, "config.legs_few", "limits.legs");
}
