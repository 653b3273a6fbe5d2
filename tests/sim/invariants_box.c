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
	if (e->box.ask != BOX_OPEN && !(w->box_open & 1u << e->box.person % 32))
		watch_wrong(w, "a mailbox is asked for messages, and no PIN has opened it");
	if (!e->box.serial)
		return;
	b->serial = e->box.serial;
	b->ask = (uint8_t)e->box.ask;
	b->stage = (uint8_t)e->box.stage;
	b->first = e->box.message == 0;
	b->person = (uint8_t)e->box.person;
}

void watch_box_called(struct watch *w, const struct event *ev, const struct effect *e)
{
	struct watch_call *c = watch_call(w, e->box_called.call_no);
	bool opened = ev->kind == EV_BOX && ev->box.answer == BOX_OPENED;

	if (c ? !(c->flags & WCALL_CALLED)
	      : ev->kind != EV_BOX_CALL || ev->box_call.call_no != e->box_called.call_no)
		watch_wrong(w, "what came of a call is told twice, or of one that nobody wanted");
	if (e->box_called.opened && !opened)
		watch_wrong(w, "a mailbox that we called is said to be open without its PIN");
	if (c)
		c->flags &= (uint16_t)~WCALL_CALLED;
}

/* Somebody is called, or it is told why nobody is. */
static void box_call_answered(struct watch *w, const struct event *ev, const struct effects *fx)
{
	unsigned n = watch_call(w, ev->box_call.call_no) != NULL;

	for (unsigned i = 0; i < fx->count; i++)
		n += fx->v[i].kind == FX_BOX_CALLED;
	if (!n)
		watch_wrong(w, "somebody was to be called for a message, and nothing came of it");
}

static void box_opens(struct watch *w, const struct event *ev)
{
	const struct watch_box *b = watch_box_of(w, ev->box.serial);

	if (b && b->ask == BOX_OPEN && ev->box.answer == BOX_OPENED)
		w->box_open |= 1u << b->person % 32;
}

void watch_box(struct watch *w, const struct event *ev, const struct effects *fx)
{
	if (!w->calls)
		w->box_open = 0;
	if (ev->kind == EV_BOX)
		box_opens(w, ev);
	if (ev->kind == EV_BOX_CALL)
		box_call_answered(w, ev, fx);
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
