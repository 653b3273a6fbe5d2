/* Feature codes dialled from inside phones; the codes are the measures'. */
#include "exchange/priv.h"
#include "measures/forward.h"

static void feature_step(struct turn *t, struct call *c, const char *code)
{
	TEXT_COPY(exchange_call_step(t, c, STEP_FEATURE, CLAUSE_HOUSE)->step.text, code);
}

static bool is_code(const char *code, const char *dialled)
{
	return code[0] && text_eq(code, dialled);
}

/* What stands after a code that wants a number; NULL when it is another code. */
static const char *code_number(const char *code, const char *dialled)
{
	if (!code[0] || !text_starts(dialled, code) || !dialled[strlen(code)])
		return NULL;
	return dialled + strlen(code);
}

/* A setting is confirmed in words, so the call is answered. */
static void confirmed(struct turn *t, struct call *c, enum phrase_kind k, const char *digits)
{
	exchange_caller_answer(t, c);
	exchange_say(exchange_caller_play(t, c), k, 0, digits);
	exchange_caller_then(t, c, NX_END_FEATURE);
}

static bool forward_allowed(struct turn *t, struct call *c, const char *number)
{
	const struct directory *d = exchange_call_directory(t, c);

	return text_is_dialable(number, DIGITS_MAX) &&
	       measures_forward(exchange_call_measures(t, c), d,
				directory_extension(d, exchange_call_caller(t, c)->extension),
				number) == FORWARD_FINE;
}

static void forward_set(struct turn *t, struct call *c, const char *number)
{
	if (!forward_allowed(t, c, number)) {
		exchange_caller_refuse(t, c, PHRASE_NOT_PERMITTED, 403, END_NOT_PERMITTED);
		return;
	}
	exchange_day_feature(t, c, DAY_FORWARD_ALWAYS, true, number);
	confirmed(t, c, PHRASE_FORWARD_ON, number);
}

static bool feature_set(struct turn *t, struct call *c, const char *dialled)
{
	const struct measures *m = exchange_call_measures(t, c);

	if (is_code(m->code_dnd_on, dialled)) {
		exchange_day_feature(t, c, DAY_DND, true, "");
		confirmed(t, c, PHRASE_DND_ON, "");
	} else if (is_code(m->code_dnd_off, dialled)) {
		exchange_day_feature(t, c, DAY_DND, false, "");
		confirmed(t, c, PHRASE_DND_OFF, "");
	} else if (is_code(m->code_forward_off, dialled)) {
		exchange_day_feature(t, c, DAY_FORWARD_ALWAYS, false, "");
		confirmed(t, c, PHRASE_FORWARD_OFF, "");
	} else {
		return false;
	}
	return true;
}

bool exchange_feature_dialled(struct turn *t, struct call *c, const char *dialled)
{
	const struct measures *m = exchange_call_measures(t, c);
	const char *number;

	if (feature_set(t, c, dialled))
		return true;
	if (is_code(m->code_pickup_group, dialled)) {
		feature_step(t, c, dialled);
		exchange_pickup_group(t, c);
		return true;
	}
	if (is_code(m->code_park, dialled)) {
		feature_step(t, c, dialled);
		exchange_park_dialled(t, c);
		return true;
	}
	if (is_code(m->code_mailbox, dialled)) {
		feature_step(t, c, dialled);
		exchange_mailbox_start(t, c);
		return true;
	}
	number = code_number(m->code_forward_always, dialled);
	if (number) {
		feature_step(t, c, dialled);
		forward_set(t, c, number);
		return true;
	}
	number = code_number(m->code_pickup_direct, dialled);
	if (number) {
		feature_step(t, c, dialled);
		exchange_pickup_direct(t, c, number);
		return true;
	}
	return false;
}
