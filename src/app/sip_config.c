/* The configuration's interfaces and trunks as the sip room takes them. */
#include "app/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t transport_of[] = {
	[CONFIG_UDP] = SIP_OVER_UDP,
	[CONFIG_TCP] = SIP_OVER_TCP,
	[CONFIG_TLS] = SIP_OVER_TLS,
};
static const uint8_t did_of[] = {
	[CONFIG_DID_REQUEST_URI] = SIP_DID_REQUEST_URI,
	[CONFIG_DID_TO] = SIP_DID_TO,
	[CONFIG_DID_P_CALLED_PARTY] = SIP_DID_CALLED_PARTY,
};

static uint8_t rules(struct sip_number_rule *to, const struct config_rule *from, unsigned count)
{
	for (unsigned i = 0; i < count && i < SIP_TRUNK_RULES; i++) {
		TEXT_COPY(to[i].prefix, from[i].prefix);
		to[i].strip = from[i].strip;
		TEXT_COPY(to[i].add, from[i].add);
	}
	return (uint8_t)(count < SIP_TRUNK_RULES ? count : SIP_TRUNK_RULES);
}

static void sources(struct sip_trunk_config *t, const struct config_trunk *c)
{
	for (unsigned i = 0; i < c->peer_count && i < SIP_TRUNK_SOURCES; i++) {
		const struct config_peer *p = &c->peers[i];
		unsigned whole = strchr(p->address, ':') ? 128 : 32;

		if (p->mask_bits && p->mask_bits != whole)
			snprintf(t->sources[i], sizeof(t->sources[i]), "%s/%u", p->address,
				 p->mask_bits);
		else if (p->port)
			snprintf(t->sources[i], sizeof(t->sources[i]),
				 whole == 128 ? "[%s]:%u" : "%s:%u", p->address, p->port);
		else
			TEXT_COPY(t->sources[i], p->address);
	}
}

static void far_end(struct sip_trunk_config *t, const struct config_trunk *c)
{
	const struct config_peer *p = &c->peers[0];

	TEXT_COPY(t->domain, c->domain);
	if (c->proxy[0])
		TEXT_COPY(t->proxy, c->proxy);
	else if (c->peer_count)
		snprintf(t->proxy, sizeof(t->proxy), strchr(p->address, ':') ? "[%s]:%u" : "%s:%u",
			 p->address, p->port ? p->port : 5060u);
	/* peers without a port: calls come from anywhere there, and there is nowhere to call */
	t->source_only = !c->proxy[0] && !c->registers && c->peer_count && !p->port;
}

static void trunk(struct sip_trunk_config *t, const struct config_trunk *c, uint16_t id)
{
	t->id = id;
	TEXT_COPY(t->name, c->id);
	TEXT_COPY(t->interface, c->interface);
	t->transport = transport_of[c->transport];
	far_end(t, c);
	sources(t, c);
	t->registers = c->registers;
	TEXT_COPY(t->user, c->user);
	TEXT_COPY(t->auth_user, c->auth_user);
	TEXT_COPY(t->password, c->password);
	t->authorization_first = c->authorization_first;
	t->expires_s = c->expiry_s;
	t->in_count = rules(t->in, c->rules_in, c->rule_in_count);
	t->did_count = rules(t->did, c->rules_did, c->rule_did_count);
	t->out_count = rules(t->out, c->rules_out, c->rule_out_count);
	t->did_source = did_of[c->did_from];
	TEXT_COPY(t->from_template, c->from_template);
	TEXT_COPY(t->pai_template, c->identity_template);
	TEXT_COPY(t->shown_number, c->shown_number);
	t->trust_pai = c->trust_identity;
	t->channels = c->channels;
	memcpy(t->codecs, c->codecs, sizeof(t->codecs));
	t->codec_count = (uint8_t)c->codec_count;
	t->dtmf = c->dtmf;
	t->rel100 = c->reliable_provisional;
	t->srtp = c->srtp != CONFIG_SRTP_OFF;
	t->session_expires_s = c->session_expires_s;
	t->first_response_ms = c->first_response_ms;
	t->watch = c->options_interval_s > 0 && !t->source_only;
	t->watch_s = c->options_interval_s;
	t->tls_verify = c->tls_verify;
	TEXT_COPY(t->tls_name, c->tls_name);
}

int app_sip_trunks(struct app *a)
{
	const struct node_config *n = &a->config->node;
	struct sip_trunk_config *t = calloc(n->trunk_count ? n->trunk_count : 1, sizeof(*t));
	unsigned count = 0;
	int err;

	if (!t)
		return ENOMEM;
	for (unsigned i = 0; i < n->trunk_count; i++)
		if (n->trunks[i].enabled)
			trunk(&t[count++], &n->trunks[i], (uint16_t)(i + 1));
	err = sip_room_trunks_set(a->sip, t, count);
	free(t);
	return err;
}

static void interfaces(const struct node_config *n, struct sip_interface_config *to)
{
	for (unsigned i = 0; i < n->interface_count; i++) {
		const struct config_interface *c = &n->interfaces[i];

		TEXT_COPY(to[i].name, c->name);
		TEXT_COPY(to[i].ip, c->address);
		TEXT_COPY(to[i].advertised_ip, c->advertised);
		to[i].udp_port = c->udp_port;
		to[i].tcp_port = c->tcp_port;
		to[i].tls_port = c->tls_port;
		TEXT_COPY(to[i].tls_cert, c->certificate);
	}
}

int app_sip_open(struct app *a)
{
	static struct sip_interface_config ifaces[CONFIG_INTERFACES];
	const struct node_config *n = &a->config->node;
	struct sip_room_handlers handlers = app_sip_handlers;
	struct sip_room_config c;
	int err;

	memset(&c, 0, sizeof(c));
	memset(ifaces, 0, sizeof(ifaces));
	interfaces(n, ifaces);
	c.interfaces = ifaces;
	c.interface_count = n->interface_count;
	TEXT_COPY(c.realm, n->sip.realm);
	TEXT_COPY(c.user_agent, n->sip.user_agent);
	c.expires_min_s = n->sip.expiry_min_s;
	c.expires_default_s = n->sip.expiry_default_s;
	c.expires_max_s = n->sip.expiry_max_s;
	c.contacts_max = n->sip.contacts_max;
	c.waiting_unasked = n->sip.waiting_unasked;
	for (unsigned i = 0; i < n->sip.proxy_count; i++)
		TEXT_COPY(c.proxies[i], n->sip.proxies[i]);
	snprintf(c.bindings_file, sizeof(c.bindings_file), "%.230s/bindings", a->state);
	snprintf(c.journal_file, sizeof(c.journal_file), "%.230s/dialogs", a->state);
	c.bindings_capacity = n->limits.registrations;
	c.sessions_max = n->limits.legs;
	handlers.arg = a;
	err = sip_room_open(&a->sip, &c, &handlers);
	return err ? err : app_sip_trunks(a);
}
