/*
 * After a crash: each dialog that the journal still holds is ended, with BYE or CANCEL, spread
 * over SESSION_RECOVER_MS so that no burst drowns the phones. Their INVITEs that we hadn't
 * accepted aren't written: they run out at the caller's side.
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

#define STEP_MS 10

static void recovered_end(struct sip_sessions *ss, uint32_t slot, const struct dialog *d)
{
	struct sip_iface *f = sip_iface_at(ss->room, d->iface);
	struct sip_trunk_way way;
	struct usage *u;

	if (!f || usage_alloc(&u, ss, NULL, f)) {
		journal_clear(ss->journal, slot);
		return;
	}
	u->d = *d;
	u->slot = slot;
	u->self.id = d->sdp_id;
	u->self.version = d->sdp_version;
	(void)TEXT_COPY(u->contact_user, "zongji");
	if (d->trunk && !sip_trunk_way(ss->room, d->trunk, &way)) {
		u->iface = way.iface;
		u->fallback = way.hop;
	}
	usage_hash(u);
	if (d->state == DIALOG_CONFIRMED) {
		usage_state_set(u, USAGE_UP);
		u->end_code = 503;
		usage_bye(u);
	} else {
		out_recovered(u);
	}
}

static void recover_step(void *arg)
{
	struct sip_sessions *ss = arg;
	struct dialog d;
	uint32_t slot;

	for (uint32_t i = 0; i < ss->recover_batch; i++) {
		do {
			if (!journal_found(ss->journal, &ss->recover_next, &slot, &d))
				return;
			/* slots that this life has taken hold calls of now */
		} while (!(ss->found[slot / 8] & (1u << slot % 8)));
		ss->found[slot / 8] &= (uint8_t)~(1u << slot % 8);
		recovered_end(ss, slot, &d);
	}
	tmr_start(&ss->recover, STEP_MS, recover_step, ss);
}

int recover_start(struct sip_sessions *ss)
{
	uint32_t next = 0, slot, count = journal_count(ss->journal);
	struct dialog d;

	if (!count)
		return 0;
	ss->found = mem_zalloc(ss->max * 2 / 8 + 1, NULL);
	if (!ss->found)
		return ENOMEM;
	while (journal_found(ss->journal, &next, &slot, &d))
		ss->found[slot / 8] |= (uint8_t)(1u << slot % 8);
	ss->recover_batch = count / (SESSION_RECOVER_MS / STEP_MS) + 1;
	log_warn("sip", "%u dialogs of an earlier life are being ended", count);
	tmr_start(&ss->recover, STEP_MS, recover_step, ss);
	return 0;
}

void recover_stop(struct sip_sessions *ss)
{
	tmr_cancel(&ss->recover);
	ss->found = mem_deref(ss->found);
}
