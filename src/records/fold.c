/*
 * A call record is what its steps say, in order, and nothing else: so it can be made anew from the
 * log at any time and must come out the same.
 *
 * Invariants: started_ms is the first step's time; answered_ms <= connected_ms where both are;
 * after STEP_ENDED or STEP_RESTARTED ended_ms is set, and a later step changes nothing but the
 * count and the path.
 */
#include "records/priv.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum meaning {
	MEANS_NOTHING,
	MEANS_ARRIVED,
	MEANS_ATTENDED,
	MEANS_CONNECTED,
	MEANS_DIALLED,
	MEANS_TARGET,
	MEANS_WAITING,
	MEANS_WAIT_OVER,
	MEANS_OUTCOME, /* plus the outcome: see below */
	MEANS_ENDED = MEANS_OUTCOME + RECORDS_OUTCOME_COUNT,
	MEANS_RESTARTED,
};

static const struct {
	const char *name;
	uint8_t meaning;
} meanings[] = {
    {"arrived", MEANS_ARRIVED},
    {"answered_attendant", MEANS_ATTENDED},
    {"connected", MEANS_CONNECTED},
    {"picked_up", MEANS_TARGET},
    {"dialled", MEANS_DIALLED},
    {"target", MEANS_TARGET},
    {"secretary", MEANS_TARGET},
    {"gad", MEANS_TARGET},
    {"gad_manager", MEANS_TARGET},
    {"customer_service", MEANS_TARGET},
    {"consultation", MEANS_TARGET},
    {"forwarded", MEANS_TARGET},
    {"waiting", MEANS_WAITING},
    {"wait_over", MEANS_WAIT_OVER},
    {"target_busy", MEANS_OUTCOME + RECORDS_BUSY},
    {"target_no_answer", MEANS_OUTCOME + RECORDS_NO_ANSWER},
    {"target_refused", MEANS_OUTCOME + RECORDS_REFUSED},
    {"consent_refused", MEANS_OUTCOME + RECORDS_REFUSED},
    {"target_unreachable", MEANS_OUTCOME + RECORDS_UNREACHABLE},
    {"target_vacant", MEANS_OUTCOME + RECORDS_UNREACHABLE},
    {"no_trunk", MEANS_OUTCOME + RECORDS_UNREACHABLE},
    {"target_away", MEANS_OUTCOME + RECORDS_AWAY},
    {"target_closed", MEANS_OUTCOME + RECORDS_CLOSED},
    {"not_permitted", MEANS_OUTCOME + RECORDS_NOT_PERMITTED},
    {"message_kept", MEANS_OUTCOME + RECORDS_MESSAGE},
    {"ended", MEANS_ENDED},
    {"restarted", MEANS_RESTARTED},
};

static uint8_t meaning_of(const char *name)
{
	for (unsigned i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (text_eq(meanings[i].name, name))
			return meanings[i].meaning;
	}
	return MEANS_NOTHING;
}

bool records_step_known(const char *name)
{
	return meaning_of(name) != MEANS_NOTHING;
}

bool records_step_begins(const struct records_vocabulary *v, uint16_t kind)
{
	return kind < RECORDS_KINDS && v->meaning[kind] == MEANS_ARRIVED;
}

bool records_step_connects(const struct records_vocabulary *v, uint16_t kind)
{
	return kind < RECORDS_KINDS && v->meaning[kind] == MEANS_CONNECTED;
}

int records_vocabulary_index(struct records_vocabulary *v)
{
	if (v->step_count > RECORDS_KINDS || v->clause_count > RECORDS_KINDS ||
	    v->end_count > RECORDS_KINDS)
		return EOVERFLOW;
	memset(v->meaning, MEANS_NOTHING, sizeof(v->meaning));
	for (unsigned i = 0; i < v->step_count; i++)
		v->meaning[i] = meaning_of(v->steps[i]);
	records_facts_index(v);
	return 0;
}

const char *records_outcome_name(enum records_outcome o)
{
	static const char *const names[RECORDS_OUTCOME_COUNT] = {
	    [RECORDS_OPEN] = "open",
	    [RECORDS_ATTENDED] = "attended",
	    [RECORDS_ANSWERED] = "answered",
	    [RECORDS_MESSAGE] = "message",
	    [RECORDS_BUSY] = "busy",
	    [RECORDS_NO_ANSWER] = "no_answer",
	    [RECORDS_REFUSED] = "refused",
	    [RECORDS_UNREACHABLE] = "unreachable",
	    [RECORDS_AWAY] = "away",
	    [RECORDS_CLOSED] = "closed",
	    [RECORDS_NOT_PERMITTED] = "not_permitted",
	    [RECORDS_ABANDONED] = "abandoned",
	    [RECORDS_FAILED] = "failed",
	};

	return o < RECORDS_OUTCOME_COUNT ? names[o] : "";
}

const char *records_direction_name(enum records_direction d)
{
	static const char *const names[] = {"inside", "incoming", "outgoing"};

	return d <= RECORDS_OUTGOING ? names[d] : "";
}

static void arrived(struct records_call *c, const struct records_step *s)
{
	c->caller_extension = s->extension;
	c->caller_trunk = s->trunk;
	c->direction = s->trunk ? RECORDS_INCOMING : RECORDS_INSIDE;
	TEXT_COPY(c->dialled, s->text);
	TEXT_COPY(c->caller_name, s->name);
	TEXT_COPY(c->caller_number, s->caller);
}

static void target(struct records_call *c, const struct records_step *s)
{
	bool changed = s->person != c->target_person || s->department != c->target_department;

	if (!s->person && !s->department && !s->extension && !s->trunk)
		return;
	c->target_person = s->person;
	c->target_department = s->department;
	c->target_extension = s->extension;
	c->target_trunk = s->trunk;
	if (s->name[0] || changed)
		TEXT_COPY(c->target_name, s->name);
}

static void wait_ends(struct records_call *c, int64_t at_ms)
{
	if (c->waiting_since_ms && at_ms > c->waiting_since_ms)
		c->wait_ms += (uint32_t)(at_ms - c->waiting_since_ms);
	c->waiting_since_ms = 0;
}

static void connected(struct records_call *c, const struct records_step *s)
{
	wait_ends(c, s->at_ms);
	if (!c->answered_ms)
		c->answered_ms = s->at_ms;
	if (!c->connected_ms)
		c->connected_ms = s->at_ms;
	target(c, s);
	c->outcome = RECORDS_ANSWERED;
}

/* What a target said doesn't undo that somebody was spoken to; a message kept comes last. */
static void outcome(struct records_call *c, enum records_outcome o)
{
	if (o == RECORDS_MESSAGE ||
	    (c->outcome != RECORDS_ANSWERED && c->outcome != RECORDS_MESSAGE))
		c->outcome = o;
}

/* What the reason of the end says when the steps before it said nothing. */
static const struct {
	const char *reason;
	const char *side;
	enum records_outcome outcome;
} ends[] = {
    {"caller_hung_up", "caller", RECORDS_ABANDONED},
    {"callee_hung_up", "target", RECORDS_FAILED},
    {"told", "switchboard", RECORDS_ATTENDED},
    {"feature", "switchboard", RECORDS_ATTENDED},
    {"merged", "switchboard", RECORDS_ATTENDED},
    {"transferred", "switchboard", RECORDS_ANSWERED},
    {"answered_elsewhere", "switchboard", RECORDS_ANSWERED},
    {"busy", "switchboard", RECORDS_BUSY},
    {"no_answer", "switchboard", RECORDS_NO_ANSWER},
    {"refused", "switchboard", RECORDS_REFUSED},
    {"unreachable", "switchboard", RECORDS_UNREACHABLE},
    {"vacant_number", "switchboard", RECORDS_UNREACHABLE},
    {"no_trunk", "switchboard", RECORDS_UNREACHABLE},
    {"not_permitted", "switchboard", RECORDS_NOT_PERMITTED},
};

static void ended(struct records_call *c, const struct records_step *s, bool restarted)
{
	enum records_outcome o = RECORDS_FAILED;

	wait_ends(c, s->at_ms);
	c->ended_ms = s->at_ms;
	c->restarted = restarted;
	c->end_reason = restarted ? -1 : s->value;
	TEXT_COPY(c->end_side, "switchboard");
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!text_eq(ends[i].reason, s->text))
			continue;
		TEXT_COPY(c->end_side, ends[i].side);
		o = ends[i].outcome;
	}
	if (c->outcome == RECORDS_OPEN)
		c->outcome = (uint8_t)o;
}

static void apply(struct records_call *c, const struct records_step *s, uint8_t meaning)
{
	switch (meaning) {
	case MEANS_NOTHING:
		break;
	case MEANS_ARRIVED:
		arrived(c, s);
		break;
	case MEANS_ATTENDED:
		if (!c->answered_ms)
			c->answered_ms = s->at_ms;
		outcome(c, RECORDS_ATTENDED);
		break;
	case MEANS_CONNECTED:
		connected(c, s);
		break;
	case MEANS_DIALLED:
		TEXT_COPY(c->chosen, s->text);
		break;
	case MEANS_TARGET:
		target(c, s);
		break;
	case MEANS_WAITING:
		if (!c->waiting_since_ms)
			c->waiting_since_ms = s->at_ms;
		break;
	case MEANS_WAIT_OVER:
		wait_ends(c, s->at_ms);
		break;
	case MEANS_ENDED:
	case MEANS_RESTARTED:
		ended(c, s, meaning == MEANS_RESTARTED);
		break;
	default: /* not an enum's switch: MEANS_OUTCOME and what stands above it */
		outcome(c, (enum records_outcome)(meaning - MEANS_OUTCOME));
		break;
	}
}

void records_fold(const struct records_vocabulary *v, struct records_call *c,
		  const struct records_step *s)
{
	uint8_t meaning = s->kind < RECORDS_KINDS ? v->meaning[s->kind] : MEANS_NOTHING;

	if (c->step_count == 0) {
		c->call_no = s->call_no;
		c->org = s->org;
		c->started_ms = s->at_ms;
		c->end_reason = -1;
	}
	c->step_count++;
	if (c->path_count < RECORDS_PATH)
		c->path[c->path_count++] = (struct records_path_step){s->kind, s->clause};
	if (c->ended_ms)
		return;
	/* Clause 0 is the house's: what Article 4 says is worth more. */
	if (s->clause)
		c->clause = s->clause;
	apply(c, s, meaning);
	records_facts(v, c, s);
	/* Whatever step first names a trunk that the caller didn't come from: the way out. */
	if (s->trunk && c->direction == RECORDS_INSIDE) {
		c->direction = RECORDS_OUTGOING;
		c->target_trunk = s->trunk;
	}
}
