/*
 * Reliable provisional responses (RFC 3262), both ways.
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

/* ---- Ours to their 1xx ---- */

/* Where the last RSeq of an early dialog is kept; NULL when there are too many of them. */
static uint32_t *rseq_of(struct usage *u, const struct pl *tag)
{
	if (!pl_strcmp(tag, u->d.remote_tag))
		return &u->d.rseq;
	for (unsigned i = 0; i < u->early_count; i++)
		if (!pl_strcmp(tag, u->early[i].tag))
			return &u->early[i].rseq;
	if (u->early_count >= SESSION_EARLY)
		return NULL;
	if (!u->early)
		u->early = mem_zalloc(SESSION_EARLY * sizeof(*u->early), NULL);
	if (!u->early)
		return NULL;
	(void)text_copy_n(u->early[u->early_count].tag, DIALOG_TAG, tag->p, tag->l);
	u->early[u->early_count].rseq = 0;
	return &u->early[u->early_count++].rseq;
}

bool prack_wanted(struct usage *u, const struct sip_msg *response, uint32_t *rseq)
{
	const struct sip_hdr *h = sip_msg_hdr(response, SIP_HDR_RSEQ);
	uint32_t *last, v;

	if (!h || sip_in_number(&h->val, INT32_MAX, &v) || !v || !pl_isset(&response->to.tag))
		return false;
	last = rseq_of(u, &response->to.tag);
	if (!last || (*last && v != *last + 1))
		return false;
	*last = v;
	*rseq = v;
	return true;
}

void prack_send(struct usage *u, const struct sip_msg *msg, uint32_t rseq, const char *tag)
{
	bool other = !text_eq(tag, u->d.remote_tag);
	struct dialog kept = u->d;
	char extra[96] = "";
	int err = 0;

	(void)text_append(extra, sizeof(extra), "RAck: %u %u INVITE\r\n", rseq, msg->cseq.num);
	(void)headers_end(extra, sizeof(extra), NULL, NULL);
	if (other) /* an early dialog beside the one that we follow: its tag, route and target */
		err = dialog_from_response(&u->d, msg);
	if (!err)
		err = usage_request(u, "PRACK", extra, NULL);
	if (other) {
		kept.cseq_local = u->d.cseq_local;
		u->d = kept;
		usage_note(u);
	}
	if (err)
		log_warn("sip", "PRACK of %s: %s", u->d.call_id, strerror(err));
}

/* ---- Theirs to our 1xx ---- */

static bool rack_matches(const struct usage *u, const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_RACK);
	struct pl rseq, blank, cseq, blank2, method;
	uint32_t r, c;

	if (!u->in.reliable || !u->in.msg || !h)
		return false;
	if (re_regex(h->val.p, h->val.l, "[0-9]+[ \t\r\n]+[0-9]+[ \t\r\n]+[A-Z]+", &rseq, &blank,
		     &cseq, &blank2, &method))
		return false;
	return !sip_in_number(&rseq, UINT32_MAX, &r) && !sip_in_number(&cseq, UINT32_MAX, &c) &&
	       r == u->d.rseq && c == u->in.msg->cseq.num && !pl_strcmp(&method, "INVITE");
}

/* What had to wait for the PRACK. */
static void proceed(struct usage *u)
{
	char sdp[OFFER_SDP] = "";
	uint16_t next = u->in.next;
	int err = 0;

	u->in.next = 0;
	if (!next || !u->in.msg)
		return;
	if (next != 180 && !u->in.answered_early) {
		err = in_sound(u, sdp, sizeof(sdp));
		if (err == ENODATA)
			err = 0;
	}
	if (!err)
		err = next == 200 ? in_answer(u, sdp) : in_reply(u, next, true, sdp);
	if (err && u->session)
		session_over(u->session, SIP_ENDED, 488, SIP_CAUSE_MEDIA, NULL);
}

void prack_receive(struct usage *u, const struct sip_msg *msg)
{
	char sdp[OFFER_SDP] = "";
	bool changed = false;
	const char *offer;
	size_t len;

	if (!rack_matches(u, msg)) {
		usage_reply(u, msg, 481, NULL, NULL);
		return;
	}
	tmr_cancel(&u->in.tmr);
	u->in.reliable = false;
	u->in.reply = mem_deref(u->in.reply);
	if (!in_sdp(msg, &offer, &len)) { /* a further offer, since ours was answered reliably */
		if (!u->in.answered_early ||
		    sound_answer(u, offer, len, sdp, sizeof(sdp), &changed)) {
			usage_reply(u, msg, 488, NULL, NULL);
			return;
		}
	}
	usage_reply(u, msg, 200, NULL, sdp);
	proceed(u);
	if (changed && u->session)
		session_sound(u->session, SIP_STREAM, u);
}
