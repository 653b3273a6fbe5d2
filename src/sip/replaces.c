/*
 * Replaces (RFC 3891): which of our dialogs an INVITE, or the Refer-To of a REFER, is to take
 * over. It is matched on our own values; who may do it is app's to decide, but never a trunk.
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

int replaces_parse(const struct pl *value, struct replaces *out)
{
	struct replaces r = {.call_id = PL_INIT};
	struct pl params, end;
	const char *semi = pl_strchr(value, ';');

	if (!semi)
		return EBADMSG;
	r.call_id.p = value->p;
	r.call_id.l = (size_t)(semi - value->p);
	while (r.call_id.l && strchr(" \t", r.call_id.p[0]))
		pl_advance(&r.call_id, 1);
	while (r.call_id.l && strchr(" \t", r.call_id.p[r.call_id.l - 1]))
		r.call_id.l--;
	params.p = semi;
	params.l = value->l - (size_t)(semi - value->p);
	if (!r.call_id.l || msg_param_decode(&params, "to-tag", &r.to_tag) ||
	    msg_param_decode(&params, "from-tag", &r.from_tag))
		return EBADMSG;
	r.early_only = !msg_param_exists(&params, "early-only", &end);
	*out = r;
	return 0;
}

static bool match_tags(const struct usage *u, const void *arg)
{
	const struct replaces *r = arg;

	return !pl_strcmp(&r->to_tag, u->d.local_tag) && !pl_strcmp(&r->from_tag, u->d.remote_tag);
}

struct usage *replaces_find(struct sip_sessions *ss, const struct replaces *r)
{
	return session_find(ss, &r->call_id, match_tags, r);
}

/* RFC 3891, 3: whether a usage in this state may be taken over; 0, or the code to refuse with. */
static uint16_t state_refusal(enum usage_state state, bool early_only)
{
	switch (state) {
	case USAGE_UP:
	case USAGE_IN_ACCEPTED:
		return early_only ? 486 : 0;
	case USAGE_OUT_EARLY:
		return 0;
	case USAGE_IDLE: /* an early dialog that we didn't begin can't be taken over */
	case USAGE_IN_TRYING:
	case USAGE_IN_EARLY:
	case USAGE_OUT_TRYING:
		return 481;
	case USAGE_OUT_CANCELLING:
	case USAGE_ENDING:
	case USAGE_GONE:
		return 603;
	}
	return 481;
}

uint16_t replaces_invite(struct sip_sessions *ss, const struct sip_msg *msg, bool trunk,
			 struct sip_invite *inv)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_REPLACES);
	struct replaces r;
	struct usage *u;
	uint16_t code;

	if (!h)
		return 0;
	if (trunk)
		return 403;
	if (sip_msg_hdr_count(msg, SIP_HDR_REPLACES) > 1 || replaces_parse(&h->val, &r))
		return 400;
	u = replaces_find(ss, &r);
	if (!u)
		return 481;
	code = state_refusal(u->state, r.early_only);
	if (!code && !u->session)
		code = 603;
	if (code)
		return code;
	inv->replaces = u->session;
	inv->replaces_early_only = r.early_only;
	return 0;
}
