/* Media's events into the exchange, the exchange's sound effects to media. */
#include "app/app.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const uint8_t why_of[] = {
	[MEDIA_WHY_STOPPED] = RECORDED_STOPPED, [MEDIA_WHY_DIGIT] = RECORDED_DIGIT,
	[MEDIA_WHY_MAX] = RECORDED_MAX,		[MEDIA_WHY_SILENCE] = RECORDED_SILENCE,
	[MEDIA_WHY_HANGUP] = RECORDED_HANGUP,	[MEDIA_WHY_BUSY_TONE] = RECORDED_BUSY_TONE,
	[MEDIA_WHY_FAILED] = RECORDED_FAILED,
};

static const uint8_t tone_of[] = {
	[TONE_RINGBACK] = MEDIA_TONE_RINGBACK, [TONE_BUSY] = MEDIA_TONE_BUSY,
	[TONE_CONGESTION] = MEDIA_TONE_CONGESTION, [TONE_VACANT] = MEDIA_TONE_VACANT,
	[TONE_DIAL] = MEDIA_TONE_DIAL,
};

static void on_event(struct app *a, const struct media_event *m)
{
	struct app_leg *l = app_leg_get(a, m->key);
	struct app_org *o = app_leg_org(a, m->key);
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	if (!o || (!l && m->kind != MEDIA_EV_RECORDED && m->kind != MEDIA_EV_TAPED))
		return; /* only a recording outlives its leg */
	ev.leg = l ? l->leg : 0;
	switch (m->kind) {
	case MEDIA_EV_PLAYED:
		ev.kind = EV_PLAYED;
		ev.done.serial = m->serial;
		break;
	case MEDIA_EV_RECORDED:
		ev.kind = EV_RECORDED;
		ev.done.serial = m->serial;
		/* what counts as a message is what was said, not how long the line was open */
		ev.done.ms = m->voiced_ms >= APP_VOICED_MS ? m->ms : 0;
		ev.done.why = why_of[m->why];
		app_files_recorded(a, o, &ev);
		return;
	case MEDIA_EV_DIGIT:
		ev.kind = EV_DIGIT;
		ev.digit.digit = m->digit;
		break;
	case MEDIA_EV_BUSY_TONE:
		ev.kind = EV_BUSY_TONE;
		break;
	case MEDIA_EV_SILENT:
		ev.kind = EV_SILENT;
		break;
	case MEDIA_EV_VOICE:
		ev.kind = EV_VOICE;
		break;
	case MEDIA_EV_WEB_UP:
	case MEDIA_EV_LOST:
	case MEDIA_EV_BACK:
	case MEDIA_EV_GONE:
		if (l && l->sound)
			l->sound(l, m);
		return;
	case MEDIA_EV_TAPED:
		app_tape_ended(o, l, m);
		return;
	case MEDIA_EV_STATE:
		return;
	}
	app_event(o, &ev);
}

static void on_readable(int flags, void *arg)
{
	struct app *a = arg;
	struct media_event ev;

	(void)flags;
	media_event_quiet(a->media);
	while (media_event_take(a->media, &ev))
		on_event(a, &ev);
}

int app_media_open(struct app *a)
{
	const struct node_config *n = &a->config->node;
	struct media_config c;
	int err;

	memset(&c, 0, sizeof(c));
	for (unsigned i = 0; i < n->interface_count; i++) {
		TEXT_COPY(c.interface[i].name, n->interfaces[i].name);
		TEXT_COPY(c.interface[i].local_ip, n->interfaces[i].address);
		TEXT_COPY(c.interface[i].advertised_ip, n->interfaces[i].advertised);
	}
	c.interface_count = n->interface_count;
	c.port_min = n->media.port_first;
	c.port_max = n->media.port_last;
	c.threads = n->media.threads ? n->media.threads : 1;
	c.legs_max = n->limits.legs;
	c.no_opus = !n->media.opus;
	err = app_tapes_open(a);
	memcpy(c.tape_key, a->tape_key, sizeof(c.tape_key));
	if (!err)
		err = media_open(&a->media, &c);
	explicit_bzero(c.tape_key, sizeof(c.tape_key));
	if (!err)
		err = fd_listen(media_event_fd(a->media), FD_READ, on_readable, a);
	return err;
}

static void play(struct app_leg *l, const struct effect *fx)
{
	uint32_t clips[MEDIA_PLAY_CLIPS_MAX];
	unsigned n = app_sounds_clips(l->org, fx->play.phrase, fx->play.count, clips,
				      MEDIA_PLAY_CLIPS_MAX);
	int err = media_play(l->org->app->media, l->key, fx->play.serial,
			     clips, n, false);

	/* never leave the exchange waiting for the end of a sound; what has none isn't heard */
	if (err || n == 0) {
		struct event ev;

		memset(&ev, 0, sizeof(ev));
		ev.kind = EV_PLAYED;
		ev.leg = l->leg;
		ev.done.serial = fx->play.serial;
		ev.done.why = RECORDED_FAILED;
		app_event(l->org, &ev);
	}
}

static void record(struct app_leg *l, const struct effect *fx)
{
	struct app_org *o = l->org;
	struct media_record r;
	char name[RECORDS_FILE];

	memset(&r, 0, sizeof(r));
	r.serial = fx->record.serial;
	r.max_ms = fx->record.max_ms;
	r.silence_ms = fx->record.silence_ms;
	r.beep = fx->record.beep;
	app_recording_name(o, fx->record.serial, name, sizeof(name));
	snprintf(r.path, sizeof(r.path), "%.150s/fresh/%s", o->app->data, name);
	if (media_record(o->app->media, l->key, &r)) {
		struct event ev;

		memset(&ev, 0, sizeof(ev));
		ev.kind = EV_RECORDED;
		ev.leg = l->leg;
		ev.done.serial = fx->record.serial;
		ev.done.why = RECORDED_FAILED;
		app_event(o, &ev);
	}
}

static void confer(struct app_leg *l, const struct effect *fx)
{
	struct app_leg *other = app_leg_of(l->org, fx->confer.other);
	struct app_leg *third = app_leg_of(l->org, fx->confer.third);

	if (other && third)
		media_confer(l->org->app->media, l->key, other->key, third->key);
}

void app_media_effect(struct app_leg *l, const struct effect *fx)
{
	struct media *m = l->org->app->media;
	struct app_leg *other;

	if (fx->kind == FX_JOIN) {
		other = app_leg_of(l->org, fx->join.other);
		if (other)
			media_join(m, l->key, other->key);
	} else if (fx->kind == FX_PART) {
		media_part(m, l->key);
	} else if (fx->kind == FX_PLAY) {
		play(l, fx);
	} else if (fx->kind == FX_TONE) {
		media_tone(m, l->key, (enum media_tone)tone_of[fx->tone.tone]);
	} else if (fx->kind == FX_MUSIC) {
		media_music(m, l->key);
	} else if (fx->kind == FX_QUIET) {
		media_quiet(m, l->key);
	} else if (fx->kind == FX_RECORD) {
		record(l, fx);
	} else if (fx->kind == FX_RECORD_STOP) {
		media_record_stop(m, l->key, MEDIA_WHY_STOPPED);
	} else if (fx->kind == FX_TAPE) {
		app_tape_effect(l, fx);
	} else if (fx->kind == FX_TAPE_STOP) {
		media_tape_stop(m, l->key);
	} else if (fx->kind == FX_CONFER) {
		confer(l, fx);
	} else if (fx->kind == FX_LISTEN) {
		app_leg_watch(l, true);
	}
}
