/* What holds for mailboxes by phone, whatever happens. */
#include <string.h>

#include "base/text.h"
#include "invariants.h"

const struct watch_box *watch_box_of(const struct watch *w, uint32_t serial)
{
	for (unsigned i = 0; serial && i < WATCH_CALLS; i++)
		if (w->box[i].serial == serial)
			return &w->box[i];
	return NULL;
}

static bool says(const struct effect *e, enum phrase_kind from, enum phrase_kind to)
{
	for (unsigned i = 0; i < e->play.count; i++)
		if (e->play.phrase[i].kind >= from && e->play.phrase[i].kind <= to)
			return true;
	return false;
}

static void box_said(struct watch *w, const struct event *ev, const struct effect *e)
{
	bool message = ev->kind == EV_BOX && ev->box.answer == BOX_MESSAGE;
	bool told = message || (ev->kind == EV_BOX && ev->box.answer == BOX_NO_MORE);

	if (says(e, PHRASE_BOX_KEPT, PHRASE_BOX_NO_SOUND) && !message)
		watch_wrong(w, "a message is told, and no mailbox has given one");
	if (says(e, PHRASE_BOX_NONE, PHRASE_BOX_NEW_MANY) && !told)
		watch_wrong(w, "how many messages there are is told to somebody without a PIN");
	if (says(e, PHRASE_BOX_DELETED, PHRASE_BOX_DELETED) && !told)
		watch_wrong(w, "said to be deleted, and it isn't durable");
}

static void box_asked(struct watch *w, const struct effect *e)
{
	struct watch_box *b = &w->box[w->box_next++ % WATCH_CALLS];

	if ((e->box.ask == BOX_OPEN) != (e->box.pin[0] != '\0'))
		watch_wrong(w, "a PIN where none belongs, or none where one does");
	if ((e->box.ask == BOX_HEARD) != (e->box.serial == 0))
		watch_wrong(w, "a mailbox is asked for an answer that nobody wants, or not asked");
	if (e->box.ask != BOX_OPEN && !e->box.person)
		watch_wrong(w, "nobody's mailbox is asked for messages");
	if (!e->box.serial)
		return;
	b->serial = e->box.serial;
	b->ask = (uint8_t)e->box.ask;
	b->stage = (uint8_t)e->box.stage;
	b->first = e->box.message == 0;
	b->person = (uint8_t)e->box.person;
}

void watch_box(struct watch *w, const struct event *ev, const struct effects *fx)
{
	for (unsigned i = 0; i < fx->count; i++) {
		const struct effect *e = &fx->v[i];

		if (e->kind == FX_PLAY)
			box_said(w, ev, e);
		else if (e->kind == FX_BOX)
			box_asked(w, e);
		else if (e->kind == FX_STEP && e->step.text[0] &&
			 (e->step.step == STEP_MAILBOX || e->step.step == STEP_MAILBOX_REFUSED))
			watch_wrong(w, "what was typed to open a mailbox stands in the log");
	}
}
