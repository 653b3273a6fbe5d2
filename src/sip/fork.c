/*
 * What the usages of one session come to: several phones ring, one answers, the others hear that
 * the call was completed elsewhere; when all refuse, the most telling refusal is told (RFC 3261,
 * 16.7).
 */
#include <string.h>

#include "sip/session_priv.h"

void fork_ringing(struct usage *u)
{
	struct sip_session_event ev = {.kind = SIP_RINGING};

	if (!u->session || u->session->rang)
		return;
	u->session->rang = true;
	session_event(u->session, &ev);
}

void fork_early(struct usage *u)
{
	struct sip_session *s = u->session;

	/* with several phones ringing the sound of any of them would be chance */
	if (!s || list_count(&s->usages) > 1)
		return;
	s->early = true;
	session_sound(s, SIP_EARLY, u);
}

void fork_answered(struct usage *u)
{
	struct sip_session *s = u->session;
	struct le *le, *next;

	if (!s)
		return;
	for (le = list_head(&s->usages); le; le = next) {
		struct usage *other = le->data;

		next = le->next;
		if (other != u)
			usage_release(other, 200, "Call completed elsewhere");
	}
	s->answered = true;
	session_sound(s, SIP_ANSWERED, u);
}

/* The higher, the more it says about the person rather than about one of the phones. */
static unsigned weight(uint16_t code, enum sip_end_cause cause)
{
	if (cause == SIP_CAUSE_SILENT || cause == SIP_CAUSE_UNREACHABLE)
		return 0;
	if (code >= 600)
		return 100;
	if (code == 486)
		return 90;
	if (code == 480)
		return 80;
	if (code == 487 || code == 408)
		return 20;
	return code >= 500 ? 30 : code >= 400 ? 40 : 35;
}

void fork_failed(struct sip_session *s, uint16_t code, enum sip_end_cause cause, const char *reason)
{
	if (!s || s->over)
		return;
	if (!s->fail_code || weight(code, cause) > weight(s->fail_code, s->fail_cause)) {
		s->fail_code = code;
		s->fail_cause = cause;
		(void)TEXT_COPY(s->fail_reason, reason);
	}
	if (code < 600 && !list_isempty(&s->usages))
		return;
	session_over(s, SIP_FAILED, s->fail_code, s->fail_cause, s->fail_reason);
}
