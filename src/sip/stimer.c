/*
 * Session timers (RFC 4028): a call whose far end has vanished ends, although nobody says BYE.
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

uint32_t stimer_second_ms = 1000;

static uint32_t usual_interval(const struct usage *u)
{
	const struct sip_trunk *t = u->d.trunk ? sip_trunk_find(u->room, u->d.trunk) : NULL;
	uint32_t s = t ? sip_trunk_config(t)->session_expires_s : 0;

	if (!s)
		s = SESSION_EXPIRES_S;
	return s < u->d.min_se_s ? u->d.min_se_s : s;
}

/* "1800;refresher=uac": ENOENT none, EBADMSG. */
static int expires_read(const struct sip_msg *msg, uint32_t *seconds, struct pl *refresher)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES);
	struct pl num;

	if (!h)
		return ENOENT;
	if (re_regex(h->val.p, h->val.l, "[0-9]+", &num) || num.p != h->val.p ||
	    sip_in_number(&num, 7 * 86400, seconds))
		return EBADMSG;
	if (msg_param_decode(&h->val, "refresher", refresher))
		*refresher = pl_null;
	return 0;
}

void stimer_request(const struct usage *u, bool refresh, char *dst, size_t cap)
{
	uint32_t s = u->d.session_expires_s ? u->d.session_expires_s : usual_interval(u);
	const char *who = "";

	if (refresh && !u->d.session_expires_s)
		return; /* none was agreed on */
	if (refresh)
		who = u->d.refresher == DIALOG_REFRESHER_THEM ? ";refresher=uas" : ";refresher=uac";
	if (s < u->d.min_se_s)
		s = u->d.min_se_s;
	(void)text_append(dst, cap, "Session-Expires: %u%s\r\nMin-SE: %u\r\n", s, who,
			  u->d.min_se_s ? u->d.min_se_s : SESSION_MIN_SE_S);
}

static void min_se_read(struct usage *u, const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_MIN_SE);
	uint32_t v;

	u->d.min_se_s = SESSION_MIN_SE_S;
	if (h && !sip_in_number(&h->val, 7 * 86400, &v) && v > u->d.min_se_s)
		u->d.min_se_s = v;
}

int stimer_received(struct usage *u, const struct sip_msg *request)
{
	bool timer = sip_in_token(request, SIP_HDR_SUPPORTED, "timer");
	bool first = u->state == USAGE_IN_TRYING;
	struct pl refresher;
	uint32_t s;

	if (expires_read(request, &s, &refresher)) {
		if (!first)
			return 0; /* not a refresh: what was agreed on stays */
		min_se_read(u, request);
		u->d.session_expires_s = timer ? usual_interval(u) : 0;
		u->d.refresher = timer ? DIALOG_REFRESHER_THEM : DIALOG_REFRESHER_NONE;
		return 0;
	}
	if (s < SESSION_MIN_SE_S) {
		if (timer)
			return ERANGE;
		s = SESSION_MIN_SE_S; /* a proxy put it there; the caller couldn't mend it */
	}
	min_se_read(u, request);
	u->d.session_expires_s = s;
	u->d.refresher = !timer || !pl_strcasecmp(&refresher, "uas") ? DIALOG_REFRESHER_US :
								      DIALOG_REFRESHER_THEM;
	return 0;
}

void stimer_response(const struct usage *u, char *dst, size_t cap)
{
	bool them = u->d.refresher == DIALOG_REFRESHER_THEM;

	if (!u->d.session_expires_s)
		return;
	(void)text_append(dst, cap, "Session-Expires: %u;refresher=%s\r\n%s",
			  u->d.session_expires_s, them ? "uac" : "uas",
			  them ? "Require: timer\r\n" : "");
}

void stimer_concluded(struct usage *u, const struct sip_msg *response)
{
	struct pl refresher;
	uint32_t s;

	if (expires_read(response, &s, &refresher) || !s) {
		u->d.session_expires_s = 0;
		u->d.refresher = DIALOG_REFRESHER_NONE;
	} else {
		u->d.session_expires_s = s < SESSION_MIN_SE_S ? SESSION_MIN_SE_S : s;
		u->d.refresher = pl_strcasecmp(&refresher, "uas") ? DIALOG_REFRESHER_US :
								    DIALOG_REFRESHER_THEM;
	}
	stimer_start(u);
}

static void stimer_due(void *arg)
{
	struct usage *u = arg;
	int err;

	if (u->state != USAGE_UP && u->state != USAGE_IN_ACCEPTED)
		return;
	if (u->d.refresher == DIALOG_REFRESHER_THEM) {
		update_lost(u, 408, SIP_CAUSE_TIMER);
		return;
	}
	err = update_refresh(u);
	if (err == EBUSY) /* an offer is on its way: soon again */
		tmr_start(&u->refresh, 2 * stimer_second_ms, stimer_due, u);
	else if (err)
		update_lost(u, 408, SIP_CAUSE_UNREACHABLE);
}

void stimer_start(struct usage *u)
{
	uint64_t s = u->d.session_expires_s;
	uint64_t margin = s / 3 < 32 ? s / 3 : 32;

	tmr_cancel(&u->refresh);
	if (!s || u->d.refresher == DIALOG_REFRESHER_NONE || !u->session)
		return;
	s = u->d.refresher == DIALOG_REFRESHER_US ? s / 2 : s - margin;
	tmr_start(&u->refresh, s * stimer_second_ms, stimer_due, u);
}

void stimer_stop(struct usage *u)
{
	tmr_cancel(&u->refresh);
}
