#include "trace.h"

#include <stdio.h>

static const char *const event_names[EV_COUNT] = {
	[EV_TIMER] = "timer",       [EV_INVITE] = "INVITE",     [EV_RINGING] = "ringing",
	[EV_EARLY] = "early sound", [EV_ANSWERED] = "answered", [EV_FAILED] = "failed",
	[EV_ENDED] = "hangs up",    [EV_DIGIT] = "dials",       [EV_HELD] = "holds",
	[EV_RETRIEVED] = "retrieves", [EV_REFER] = "REFER",     [EV_PLAYED] = "played",
	[EV_RECORDED] = "recorded", [EV_KEPT] = "kept",         [EV_NOT_KEPT] = "not kept",
	[EV_SILENT] = "silent line", [EV_BUSY_TONE] = "busy tone", [EV_REACHABLE] = "reachable",
	[EV_TRUNK] = "trunk",       [EV_SET] = "set",           [EV_MEASURES] = "measures",
	[EV_CLOSING] = "closing",   [EV_DESK] = "desk",         [EV_COMMAND] = "command",
	[EV_VOICE] = "voice",       [EV_TAPED] = "taped", [EV_BOX] = "mailbox answers",
	[EV_BOX_CALL] = "a mailbox calls",
};

static const char *const effect_names[FX_COUNT] = {
	[FX_BIND] = "bind",     [FX_REJECT] = "reject",   [FX_RING] = "ring",
	[FX_PROGRESS] = "progress", [FX_ANSWER] = "answer", [FX_END] = "end",
	[FX_DIAL] = "dial",     [FX_JOIN] = "join",       [FX_PART] = "part",
	[FX_PLAY] = "play",     [FX_TONE] = "tone",       [FX_MUSIC] = "music",
	[FX_QUIET] = "quiet",   [FX_RECORD] = "record",   [FX_RECORD_STOP] = "record stop",
	[FX_KEEP] = "keep",     [FX_FORGET] = "forget",   [FX_REFER_ANSWER] = "REFER answer",
	[FX_REFER_NOTIFY] = "notify", [FX_SHOW] = "show", [FX_DIALOG] = "lamp",
	[FX_STEP] = "step",     [FX_DAY] = "day",
	[FX_COMMAND] = "command", [FX_POSITION] = "position view", [FX_CALL] = "call view",
	[FX_CONFER] = "confer", [FX_LISTEN] = "listen", [FX_BOX] = "mailbox",
	[FX_BOX_CALLED] = "mailbox has called",
	[FX_TAPE] = "tape",     [FX_TAPE_STOP] = "tape stop",
};

/* "leg 3.1": index and generation */
static void leg_print(leg_id id)
{
	if (id)
		printf(" leg %u.%u", id & 0xFFFF, id >> 16);
}

static void invite_print(const struct event *ev)
{
	printf(" call %llx from %s %u (%s) to %s", (unsigned long long)ev->invite.call_no,
	       ev->invite.trunk ? "trunk" : "extension",
	       ev->invite.trunk ? ev->invite.trunk : ev->invite.extension, ev->invite.number,
	       ev->invite.dialled);
	leg_print(ev->invite.replaces);
}

static const char *const act_names[DESK_ACT_COUNT] = {
	[DESK_ON] = "on", [DESK_OFF] = "off", [DESK_AWAY] = "away", [DESK_BACK] = "back",
	[DESK_HEADSET] = "headset", [DESK_PHONE] = "phone", [DESK_PAGE_LOST] = "page lost",
	[DESK_PAGE_BACK] = "page back", [DESK_SOUND_LOST] = "sound lost",
	[DESK_SOUND_BACK] = "sound back",
};

static void command_print(const struct event *ev)
{
	const char *what =
		ev->command.what < COMMAND_COUNT ? exchange_command_name(ev->command.what) : "?";

	printf(" of position %u: %s call %llx rev %u person %u department %u extension %u %s"
	       " to %u value %u", ev->command.position, what,
	       (unsigned long long)ev->command.call_no, ev->command.rev, ev->command.person,
	       ev->command.department, ev->command.extension, ev->command.number,
	       ev->command.to_position, ev->command.value);
}

static void leg_event_print(const struct event *ev)
{
	if (ev->kind == EV_REFER) {
		printf(" to %s", ev->refer.number);
		leg_print(ev->refer.replaces);
	} else if (ev->kind == EV_DIGIT) {
		printf(" %c", ev->digit.digit ? ev->digit.digit : '?');
	} else if (ev->kind == EV_FAILED || ev->kind == EV_ENDED) {
		printf(" %u", ev->code.code);
	} else if (ev->kind >= EV_PLAYED && ev->kind <= EV_NOT_KEPT) {
		printf(" #%u %u ms why %d", ev->done.serial, ev->done.ms, ev->done.why);
	}
}

void trace_event(const struct event *ev, const struct now *now)
{
	printf("%9.3f s  %s", (double)now->mono_ms / 1000,
	       ev->kind < EV_COUNT ? event_names[ev->kind] : "?");
	leg_print(ev->leg);
	if (ev->kind == EV_INVITE) {
		invite_print(ev);
	} else if (ev->kind == EV_REACHABLE || ev->kind == EV_TRUNK) {
		printf(" %u %s", ev->presence.id, ev->presence.on ? "on" : "off");
	} else if (ev->kind == EV_DESK) {
		printf(" position %u %s extension %u", ev->desk.position,
		       ev->desk.act < DESK_ACT_COUNT ? act_names[ev->desk.act] : "?",
		       ev->desk.extension);
	} else if (ev->kind == EV_COMMAND) {
		command_print(ev);
	} else if (ev->kind == EV_SET) {
		printf(" %d %s extension %u person %u %s", ev->day.set, ev->day.on ? "on" : "off",
		       ev->day.extension, ev->day.person, ev->day.number);
	} else {
		leg_event_print(ev);
	}
	printf("\n");
}

static void play_print(const struct effect *e)
{
	printf(" #%u", e->play.serial);
	for (unsigned i = 0; i < e->play.count; i++)
		printf(" %s", exchange_phrase_name(e->play.phrase[i].kind));
}

static void desk_effect_print(const struct effect *e)
{
	if (e->kind == FX_COMMAND)
		printf(" %s", exchange_refusal_name(e->command.refusal));
	if (e->kind == FX_JOIN)
		leg_print(e->join.other);
	if (e->kind == FX_CONFER) {
		leg_print(e->confer.other);
		leg_print(e->confer.third);
	}
}

static void effect_print(const struct effect *e)
{
	printf("             %s", e->kind < FX_COUNT ? effect_names[e->kind] : "?");
	leg_print(e->leg);
	if (e->kind == FX_STEP)
		printf(" %s %s call %llx %d %s", exchange_step_name(e->step.step),
		       exchange_clause_name(e->step.clause),
		       (unsigned long long)e->step.call_no, e->step.value, e->step.text);
	else if (e->kind == FX_PLAY)
		play_print(e);
	else if (e->kind == FX_END)
		printf(" %u %s", e->end.code, exchange_end_name(e->end.why));
	else if (e->kind == FX_REJECT)
		printf(" %u %s", e->bind.code, exchange_end_name(e->bind.why));
	else if (e->kind == FX_DIAL)
		printf(" %s %u %s", e->dial.trunk ? "trunk" : "extension",
		       e->dial.trunk ? e->dial.trunk : e->dial.extension, e->dial.number);
	else if (e->kind == FX_RECORD || e->kind == FX_FORGET)
		printf(" #%u", e->record.serial);
	else if (e->kind == FX_KEEP)
		printf(" #%u of recording #%u", e->keep.serial, e->keep.recording);
	else if (e->kind == FX_REFER_ANSWER)
		printf(" %u", e->code.code);
	else
		desk_effect_print(e);
	printf("\n");
}

void trace_effects(const struct effects *fx)
{
	for (unsigned i = 0; i < fx->count; i++)
		if (fx->v[i].kind != FX_DIALOG && fx->v[i].kind != FX_SHOW &&
		    fx->v[i].kind != FX_CALL && fx->v[i].kind != FX_POSITION)
			effect_print(&fx->v[i]);
}

void trace_state(const struct exchange *x)
{
	struct exchange_call_view c;
	struct exchange_leg_view l;
	struct exchange_position_view p;

	for (uint32_t i = 0; i < exchange_call_slots(x); i++)
		if (exchange_call_view(x, i, &c))
			printf("             = call %llx %s of position %u\n",
			       (unsigned long long)c.call_no, c.state, c.position);
	for (uint16_t i = 1; i <= WATCH_POSITIONS; i++)
		if (exchange_position_view(x, i, &p))
			printf("             = position %u %s call %llx\n", i,
			       exchange_position_state_name(p.state),
			       (unsigned long long)p.call_no);
	for (uint32_t i = 0; i < exchange_leg_slots(x); i++)
		if (exchange_leg_view(x, i, &l))
			printf("             = leg %u.%u %s of call %llx%s\n", l.leg & 0xFFFF,
			       l.leg >> 16, l.state, (unsigned long long)l.call_no,
			       l.consultation ? " (consultation)" : "");
}
