/*
 * The call thread's side: names to slots and clips, ports, commands.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "media/room.h"

#define LEGS_DEFAULT   4096
#define SHARED_DEFAULT 16
#define TOS_DEFAULT    184 /* EF: RFC 3246 */

static struct leg *leg_of(const struct media *m, uint32_t key)
{
	return idmap_get(&m->keys, key);
}

int media_tell(struct media *m, struct command *c)
{
	int err = ring_push(m->engine.commands, c);

	if (err && m->commands_lost++ % 1000 == 0)
		log_error("media", "the engine's queue is full");
	return err;
}

/* ---- open and close ---- */

static int check_config(const struct media_config *cfg)
{
	union address a;

	if (cfg->interface_count == 0 || cfg->interface_count > MEDIA_INTERFACES_MAX ||
	    cfg->legs_max > MEDIA_LEGS_MAX || cfg->shared_ports > SHARED_PORTS_MAX ||
	    cfg->port_min < 1024 || cfg->port_max <= cfg->port_min)
		return EINVAL;
	for (unsigned i = 0; i < cfg->interface_count; i++) {
		const struct media_interface *f = &cfg->interface[i];

		if (address_make(&a, f->local_ip, 0) ||
		    (f->advertised_ip[0] && address_make(&a, f->advertised_ip, 0)))
			return EINVAL;
	}
	return 0;
}

static void defaults(struct media_config *cfg)
{
	if (cfg->legs_max == 0)
		cfg->legs_max = LEGS_DEFAULT;
	if (cfg->shared_ports == 0)
		cfg->shared_ports = SHARED_DEFAULT;
	if (cfg->tos == 0)
		cfg->tos = TOS_DEFAULT;
	if (cfg->threads > 1)
		log_warn("media", "one thread is used");
}

static int open_tables(struct media *m)
{
	const uint32_t n = m->cfg.legs_max;
	int err;

	m->legs = calloc(n, sizeof(*m->legs));
	m->free_slots = calloc(n, sizeof(*m->free_slots));
	if (!m->legs || !m->free_slots)
		return ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		m->free_slots[i] = n - 1 - i;
	m->free_count = n;
	err = idmap_init(&m->keys, n);
	if (!err)
		err = idmap_init(&m->clips, MEDIA_CLIPS_MAX);
	if (!err)
		err = ring_alloc(&m->events, sizeof(struct media_event), EVENTS_MAX);
	if (!err)
		err = ring_alloc(&m->freed, sizeof(uint32_t), n);
	if (!err)
		err = ring_alloc(&m->clip_jobs, sizeof(struct clip *), CLIP_JOBS_MAX);
	if (!err)
		err = recording_writer_open(m);
	if (!err)
		err = tape_writer_open(m);
	return err;
}

static int open_shared(struct media *m)
{
	const unsigned n = m->cfg.interface_count * m->cfg.shared_ports;

	m->shared = calloc(n, sizeof(*m->shared));
	if (!m->shared)
		return ENOMEM;
	for (unsigned i = 0; i < n; i++)
		m->shared[i].fd = m->shared[i].rtcp_fd = -1;
	for (unsigned i = 0; i < n; i++) {
		int err = port_take(m, i / m->cfg.shared_ports, &m->shared[i]);

		if (err)
			return err;
		m->shared[i].shared = true;
		err = port_watch(&m->engine, &m->shared[i]);
		if (err)
			return err;
	}
	return 0;
}

static int start_threads(struct media *m)
{
	int err = pthread_create(&m->clip_thread, NULL, clip_worker, m);

	m->clip_thread_on = !err;
	if (!err)
		err = pthread_create(&m->writer_thread, NULL, recording_writer, m);
	m->writer_thread_on = m->clip_thread_on && !err;
	if (!err)
		err = pthread_create(&m->tape_thread, NULL, tape_writer, m);
	m->tape_thread_on = m->writer_thread_on && !err;
	if (!err)
		err = clip_builtins(m);
	if (err)
		return err;
	m->music = m->builtin[BUILTIN_MUSIC];
	clip_ref(m->music);
	err = engine_start(&m->engine);
	m->engine_thread_on = !err;
	return err;
}

/* Signals are the program's: its main thread takes them. */
static int start_threads_without_signals(struct media *m)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = start_threads(m);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

int media_open(struct media **mp, const struct media_config *cfg)
{
	struct media *m;
	int err = check_config(cfg);

	if (err)
		return err;
	m = calloc(1, sizeof(*m));
	if (!m)
		return ENOMEM;
	m->cfg = *cfg;
	m->engine.epoll_fd = m->engine.timer_fd = -1;
	defaults(&m->cfg);
	err = open_tables(m);
	if (!err)
		err = engine_open(&m->engine, m);
	if (!err)
		err = open_shared(m);
	if (!err)
		err = start_threads_without_signals(m);
	if (err) {
		media_close(m);
		return err;
	}
	*mp = m;
	return 0;
}

static void stop_threads(struct media *m)
{
	struct command stop = {.kind = COMMAND_STOP};
	struct clip *none = NULL;

	if (m->engine_thread_on) {
		while (ring_push(m->engine.commands, &stop))
			sched_yield();
		pthread_join(m->engine.thread, NULL);
	}
	if (m->writer_thread_on) {
		while (recording_writer_stop(m))
			sched_yield();
		pthread_join(m->writer_thread, NULL);
	}
	if (m->tape_thread_on) {
		while (tape_writer_stop(m))
			sched_yield();
		pthread_join(m->tape_thread, NULL);
	}
	if (m->clip_thread_on) {
		atomic_store(&m->closing, true);
		while (ring_push(m->clip_jobs, &none))
			sched_yield();
		pthread_join(m->clip_thread, NULL);
	}
}

static void free_command(struct command *c)
{
	if (c->kind == COMMAND_SET)
		free(c->stream);
	else if (c->kind == COMMAND_PLAY)
		play_free(c->play);
	else if (c->kind == COMMAND_RECORD)
		recording_discard(c->recording);
	else if (c->kind == COMMAND_TAPE)
		tape_discard(c->tape);
	else if (c->kind == COMMAND_WEB || c->kind == COMMAND_WEB_RESTART)
		web_free(c->web);
}

static void free_clips(struct media *m)
{
	struct clip *c;

	for (unsigned i = 0; i < BUILTIN_COUNT; i++)
		clip_unref(m->builtin[i]);
	clip_unref(m->music);
	for (uint32_t i = 0; m->clips.slot && i <= m->clips.mask; i++)
		clip_unref(m->clips.slot[i].value);
	while (m->clip_jobs && ring_take(m->clip_jobs, &c))
		clip_unref(c);
}

void media_close(struct media *m)
{
	struct command c;

	if (!m)
		return;
	stop_threads(m);
	while (m->engine.commands && ring_take(m->engine.commands, &c))
		free_command(&c);
	free_clips(m);
	web_desk_free(m);
	for (unsigned i = 0; m->shared && i < m->cfg.interface_count * m->cfg.shared_ports; i++)
		port_close(&m->shared[i]);
	engine_free(&m->engine);
	ring_free(m->events);
	ring_free(m->freed);
	ring_free(m->clip_jobs);
	ring_free(m->writer_jobs);
	ring_free(m->tape_jobs);
	explicit_bzero(m->cfg.tape_key, sizeof(m->cfg.tape_key));
	idmap_free(&m->keys);
	idmap_free(&m->clips);
	free(m->shared);
	free(m->free_slots);
	free(m->legs);
	free(m);
}

/* ---- legs ---- */

static int take_slot(struct media *m, uint32_t *slot)
{
	uint32_t freed;

	ring_quiet(m->freed);
	while (ring_take(m->freed, &freed))
		m->free_slots[m->free_count++] = freed;
	if (m->free_count == 0)
		return ENOBUFS;
	*slot = m->free_slots[--m->free_count];
	return 0;
}

static void tell_address(const struct media *m, unsigned interface, uint16_t port,
			 struct stream_address *out)
{
	const struct media_interface *f = &m->cfg.interface[interface];

	memset(out, 0, sizeof(*out));
	memcpy(out->ip, f->advertised_ip[0] ? f->advertised_ip : f->local_ip, sizeof(out->ip));
	out->port = port;
}

int media_leg_open(struct media *m, uint32_t key, unsigned interface, bool exact,
		   struct stream_address *local)
{
	struct command c = {.kind = COMMAND_OPEN};
	struct leg *l;
	int err;

	if (key == 0 || interface >= m->cfg.interface_count)
		return EINVAL;
	if (leg_of(m, key))
		return EEXIST;
	err = take_slot(m, &c.slot);
	if (err)
		return err;
	/* the engine looks at nothing but `open` of a slot that it doesn't have */
	l = &m->legs[c.slot];
	l->key = key;
	l->slot = c.slot;
	l->exact = exact;
	l->port = &l->own;
	if (exact)
		l->port = &m->shared[interface * m->cfg.shared_ports +
				     m->next_shared[interface]++ % m->cfg.shared_ports];
	else
		err = port_take(m, interface, &l->own);
	l->own.only = l;
	if (!err)
		err = media_tell(m, &c);
	if (err) {
		if (!exact && l->own.fd > 0)
			port_close(&l->own);
		memset(&l->own, 0, sizeof(l->own));
		m->free_slots[m->free_count++] = c.slot;
		return err;
	}
	idmap_put(&m->keys, key, l);
	tell_address(m, interface, l->port->number, local);
	return 0;
}

int media_leg_set(struct media *m, uint32_t key, const struct stream *stream)
{
	struct leg *l = leg_of(m, key);
	struct command c = {.kind = COMMAND_SET};
	int err;

	if (!l)
		return ENOENT;
	c.slot = l->slot;
	c.stream = malloc(sizeof(*stream));
	if (!c.stream)
		return ENOMEM;
	*c.stream = *stream;
	err = media_tell(m, &c);
	if (err)
		free(c.stream);
	return err;
}

/* A command that is one value. */
static int tell_leg(struct media *m, uint32_t key, struct command c)
{
	const struct leg *l = leg_of(m, key);

	if (!l)
		return ENOENT;
	c.slot = l->slot;
	return media_tell(m, &c);
}

int media_leg_close(struct media *m, uint32_t key)
{
	const struct leg *l = leg_of(m, key);
	const uint32_t slot = l ? l->slot : 0; /* before the engine clears it */
	int err = tell_leg(m, key, (struct command){.kind = COMMAND_CLOSE});

	if (err)
		return err;
	web_desk_forget(m, slot);
	idmap_remove(&m->keys, key);
	return 0;
}

int media_join(struct media *m, uint32_t a, uint32_t b)
{
	const struct leg *other = leg_of(m, b);

	if (!other || a == b)
		return other ? EINVAL : ENOENT;
	return tell_leg(m, a, (struct command){.kind = COMMAND_JOIN, .other = other->slot});
}

int media_part(struct media *m, uint32_t key)
{
	return tell_leg(m, key, (struct command){.kind = COMMAND_PART});
}

int media_confer(struct media *m, uint32_t a, uint32_t b, uint32_t c)
{
	const struct leg *lb = leg_of(m, b), *lc = leg_of(m, c);

	if (!lb || !lc)
		return ENOENT;
	if (a == b || b == c || a == c)
		return EINVAL;
	return tell_leg(m, a, (struct command){.kind = COMMAND_CONFER,
					       .two = {lb->slot, lc->slot}});
}

/* ---- clips ---- */

static int may_add(const struct media *m, uint32_t clip)
{
	if (clip == 0)
		return EINVAL;
	return m->clips.count == m->clips.limit && !idmap_get(&m->clips, clip) ? ENOBUFS : 0;
}

static int put_clip(struct media *m, uint32_t clip, struct clip *c)
{
	clip_unref(idmap_remove(&m->clips, clip));
	return idmap_put(&m->clips, clip, c);
}

int media_clip_add(struct media *m, uint32_t clip, const int16_t *samples, size_t count,
		   unsigned rate)
{
	struct clip *c;
	int err = may_add(m, clip);

	if (!err)
		err = clip_make(m, clip, samples, count, rate, &c);
	return err ? err : put_clip(m, clip, c);
}

int media_clip_load(struct media *m, uint32_t clip, const char *path)
{
	struct clip *c;
	int err = may_add(m, clip);

	if (!err)
		err = clip_make_from(m, clip, path, &c);
	return err ? err : put_clip(m, clip, c);
}

int media_clip_drop(struct media *m, uint32_t clip)
{
	struct clip *c = idmap_remove(&m->clips, clip);

	if (!c)
		return ENOENT;
	clip_unref(c);
	return 0;
}

bool media_clip_known(struct media *m, uint32_t clip)
{
	return idmap_get(&m->clips, clip) != NULL;
}

int media_music_set(struct media *m, uint32_t clip)
{
	struct clip *c = clip == 0 ? m->builtin[BUILTIN_MUSIC] : idmap_get(&m->clips, clip);

	if (!c)
		return ENOENT;
	clip_ref(c);
	clip_unref(m->music);
	m->music = c;
	return 0;
}

/* ---- sound towards a leg ---- */

static int play(struct media *m, uint32_t key, struct play *p)
{
	int err = tell_leg(m, key, (struct command){.kind = COMMAND_PLAY, .play = p});

	if (err)
		play_free(p);
	return err;
}

static struct play *make_play(unsigned room)
{
	struct play *p = calloc(1, sizeof(*p) + room * sizeof(p->clip[0]));

	return p;
}

int media_play(struct media *m, uint32_t key, uint32_t serial, const uint32_t *clips,
	       unsigned count, bool loop)
{
	struct play *p;

	if (count > MEDIA_PLAY_CLIPS_MAX)
		return EINVAL;
	p = make_play(count);
	if (!p)
		return ENOMEM;
	p->serial = serial;
	p->loop = loop;
	p->tell = true;
	for (unsigned i = 0; i < count; i++) {
		struct clip *c = idmap_get(&m->clips, clips[i]);

		if (!c) {
			log_warn("media", "leg %u: clip %u isn't known", key, clips[i]);
			continue;
		}
		clip_ref(c);
		p->clip[p->count++] = c;
	}
	if (p->count == 0)
		p->loop = false;
	return play(m, key, p);
}

static int play_for_ever(struct media *m, uint32_t key, struct clip *c)
{
	struct play *p = make_play(1);

	if (!p)
		return ENOMEM;
	p->loop = true;
	p->count = 1;
	p->clip[0] = c;
	clip_ref(c);
	return play(m, key, p);
}

int media_tone(struct media *m, uint32_t key, enum media_tone tone)
{
	if ((unsigned)tone >= MEDIA_TONE_COUNT)
		return EINVAL;
	return play_for_ever(m, key, m->builtin[BUILTIN_TONE + (int)tone]);
}

int media_music(struct media *m, uint32_t key)
{
	return play_for_ever(m, key, m->music);
}

int media_quiet(struct media *m, uint32_t key)
{
	return tell_leg(m, key, (struct command){.kind = COMMAND_QUIET});
}

int media_send_digit(struct media *m, uint32_t key, char digit)
{
	if (digit_event(digit) < 0)
		return EINVAL;
	return tell_leg(m, key, (struct command){.kind = COMMAND_DIGIT, .digit = digit});
}

/* ---- from a leg ---- */

int media_record(struct media *m, uint32_t key, const struct media_record *rec)
{
	struct command c = {.kind = COMMAND_RECORD};
	int err;

	if (!leg_of(m, key))
		return ENOENT;
	err = recording_make(rec, key, &c.recording);
	if (err)
		return err;
	err = tell_leg(m, key, c);
	if (err)
		recording_discard(c.recording);
	return err;
}

int media_record_stop(struct media *m, uint32_t key, enum media_why why)
{
	return tell_leg(m, key, (struct command){.kind = COMMAND_RECORD_STOP, .why = why});
}

int media_tape(struct media *m, uint32_t key, const struct media_tape *tape)
{
	struct command c = {.kind = COMMAND_TAPE};
	int err;

	if (!leg_of(m, key))
		return ENOENT;
	err = tape_make(tape, key, &c.tape);
	if (err)
		return err;
	err = tell_leg(m, key, c);
	if (err)
		tape_discard(c.tape);
	return err;
}

int media_tape_stop(struct media *m, uint32_t key)
{
	return tell_leg(m, key, (struct command){.kind = COMMAND_TAPE_STOP});
}

int media_watch(struct media *m, uint32_t key, const struct media_watch *watch)
{
	return tell_leg(m, key, (struct command){.kind = COMMAND_WATCH, .watch = *watch});
}

int media_leg_state(struct media *m, uint32_t key, uint32_t serial)
{
	return tell_leg(m, key, (struct command){.kind = COMMAND_STATE, .serial = serial});
}

int media_event_fd(const struct media *m)
{
	return ring_fd(m->events);
}

void media_event_quiet(struct media *m)
{
	ring_quiet(m->events);
}

bool media_event_take(struct media *m, struct media_event *ev)
{
	return ring_take(m->events, ev);
}

/* ---- figures ---- */

static uint64_t figure(const struct media *m, enum counter c)
{
	return atomic_load_explicit(&m->engine.counter[c], memory_order_relaxed);
}

static void lateness(const struct media *m, struct media_stats *out)
{
	uint64_t all = 0, late = 0;

	for (unsigned i = 0; i < MEDIA_LATENESS_BINS; i++) {
		out->lateness[i] = atomic_load_explicit(&m->engine.lateness[i],
							memory_order_relaxed);
		all += out->lateness[i];
	}
	for (unsigned i = MEDIA_LATENESS_BINS; i-- > 0 && all > 0;) {
		late += out->lateness[i];
		if (late * 100 >= all) {
			out->lateness_p99_us = (i + 1) * MEDIA_LATENESS_BIN_US;
			return;
		}
	}
}

void media_stats(struct media *m, struct media_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->rx_packets = figure(m, COUNT_RX);
	out->tx_packets = figure(m, COUNT_TX);
	out->relayed = figure(m, COUNT_RELAYED);
	out->transcoded = figure(m, COUNT_TRANSCODED);
	out->rx_garbage = figure(m, COUNT_GARBAGE);
	out->rx_wrong_type = figure(m, COUNT_WRONG_TYPE);
	out->rx_stranger = figure(m, COUNT_STRANGER);
	out->rx_srtp_failed = figure(m, COUNT_SRTP_FAILED);
	out->rx_late = figure(m, COUNT_LATE);
	out->tx_failed = figure(m, COUNT_TX_FAILED);
	out->ticks = figure(m, COUNT_TICKS);
	out->late_ticks = figure(m, COUNT_LATE_TICKS);
	out->skipped_ticks = figure(m, COUNT_SKIPPED_TICKS);
	out->events_lost = figure(m, COUNT_EVENTS_LOST);
	out->commands_lost = m->commands_lost;
	out->legs = m->keys.count;
	out->legs_max = m->cfg.legs_max;
	out->clips = m->clips.count;
	out->clip_bytes = atomic_load(&m->clip_bytes);
	out->recordings = atomic_load(&m->recordings);
	out->tapes = atomic_load(&m->tapes);
	lateness(m, out);
}
