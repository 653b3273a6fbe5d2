/*
 * The thread that owns the legs: packets, commands, and the clock. The clock goes first, and is
 * looked at again after each socket, so that a burst of packets delays no prompt.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "media/room.h"

#define WAITING_MAX       512  /* of epoll, a round */
#define COMMANDS_A_ROUND  256
#define COMPLAINTS_A_SECOND 20
#define ENGINE_NICE       (-11)

void engine_event(struct engine *e, const struct media_event *ev)
{
	if (!ring_push(e->media->events, ev))
		return;
	if (e->counter[COUNT_EVENTS_LOST] % 1000 == 0)
		log_error("media", "leg %u: an event is lost, nobody takes them", ev->key);
	engine_count(e, COUNT_EVENTS_LOST, 1);
}

/* A flood from many ports is one source; a flood from many hosts is cut short. */
static bool may_complain(struct engine *e, const char *source, uint32_t *held_back)
{
	const int64_t second = e->now_us / 1000000;

	if (second != e->complaints_second) {
		e->complaints_second = second;
		e->complaints = 0;
	}
	if (e->complaints >= COMPLAINTS_A_SECOND ||
	    !log_limit(&e->limiter, source, e->now_us / 1000, held_back))
		return false;
	e->complaints++;
	return true;
}

void engine_complain(struct engine *e, const union address *from, const char *what)
{
	union address host = *from;
	char text[64];
	uint32_t held_back;

	address_port_set(&host, 0);
	address_text(&host, text);
	if (!may_complain(e, text, &held_back))
		return;
	address_text(from, text);
	log_warn("media", "%s %s (%u more held back)", text, what, held_back);
}

void engine_complain_leg(struct engine *e, const struct leg *l, const char *what)
{
	char text[32];
	uint32_t held_back;

	snprintf(text, sizeof(text), "leg %u", l->key);
	if (may_complain(e, text, &held_back))
		log_warn("media", "%s %s (%u more held back)", text, what, held_back);
}

static void set(struct engine *e, struct leg *l, struct stream *s)
{
	leg_set(e, l, s);
	explicit_bzero(s, sizeof(*s)); /* keys */
	free(s);
}

static void record_stop(struct engine *e, struct leg *l, enum media_why why)
{
	if (l->recording)
		recording_end(e, l, why);
}

static void record(struct engine *e, struct leg *l, struct recording *r)
{
	struct play *beep;

	recording_start(e, l, r);
	if (!recording_beeps(r))
		return;
	beep = calloc(1, sizeof(*beep) + sizeof(beep->clip[0]));
	if (!beep) {
		recording_begin(l);
		return;
	}
	beep->beep = true;
	beep->count = 1;
	beep->clip[0] = e->media->builtin[BUILTIN_BEEP];
	clip_ref(beep->clip[0]);
	play_start(e, l, beep);
}

static void watch(struct engine *e, struct leg *l, const struct media_watch *w)
{
	l->watch = *w;
	l->silent_told = l->voice_told = false;
	l->silent_since_us = w->silence_ms != 0 ? e->now_us : 0;
}

static void confer(struct engine *e, struct leg *l, const uint32_t two[2])
{
	mix_make(e, l, &e->media->legs[two[0]], &e->media->legs[two[1]]);
}

static void take_command(struct engine *e, struct command *c)
{
	struct leg *l = &e->media->legs[c->slot];

	switch (c->kind) {
	case COMMAND_OPEN:
		leg_init(e, l);
		break;
	case COMMAND_SET:
		set(e, l, c->stream);
		break;
	case COMMAND_CLOSE:
		leg_finish(e, l);
		break;
	case COMMAND_JOIN:
		bridge_join(e, l, &e->media->legs[c->other]);
		break;
	case COMMAND_PART:
		bridge_part(e, l);
		break;
	case COMMAND_PLAY:
		play_start(e, l, c->play);
		break;
	case COMMAND_QUIET:
		play_start(e, l, NULL);
		break;
	case COMMAND_DIGIT:
		digit_queue(e, l, c->digit);
		break;
	case COMMAND_RECORD:
		record(e, l, c->recording);
		break;
	case COMMAND_RECORD_STOP:
		record_stop(e, l, c->why);
		break;
	case COMMAND_WATCH:
		watch(e, l, &c->watch);
		break;
	case COMMAND_STATE:
		leg_state(e, l, c->serial);
		break;
	case COMMAND_CONFER:
		confer(e, l, c->two);
		break;
	case COMMAND_WEB:
		web_start(e, l, c->web);
		break;
	case COMMAND_WEB_RESTART:
		web_restart(l, c->web);
		break;
	case COMMAND_TAPE:
		tape_start(e, l, c->tape);
		break;
	case COMMAND_TAPE_STOP:
		if (l->tape)
			tape_end(e, l, MEDIA_WHY_STOPPED);
		break;
	case COMMAND_STOP:
		e->stop = true;
		break;
	}
}

static void take_commands(struct engine *e)
{
	struct command c;

	/* what is left over keeps the descriptor readable: see ring_quiet */
	for (int i = 0; i < COMMANDS_A_ROUND && ring_take(e->commands, &c); i++)
		take_command(e, &c);
}

static void look_at_clock(struct engine *e)
{
	e->now_us = monotonic_us();
	if (e->timer_on && e->now_us >= e->phase_due_us)
		tick_run(e);
}

static void round_of(struct engine *e, const struct epoll_event *ev, int count)
{
	bool commands = ring_count(e->commands) > 0;
	uint64_t expired;

	look_at_clock(e);
	for (int i = 0; i < count; i++) {
		if (ev[i].data.ptr == &e->timer_fd) {
			if (read(e->timer_fd, &expired, sizeof(expired)) < 0)
				continue;
		} else if (ev[i].data.ptr == e->commands) {
			ring_quiet(e->commands);
			commands = true;
		} else {
			port_receive(e, ev[i].data.ptr);
			look_at_clock(e);
		}
	}
	/* after the packets: a closed leg's port is in none of the events any more */
	if (commands)
		take_commands(e);
	if (e->finishing)
		recording_retry(e);
	if (e->taped)
		tape_retry(e);
	batch_send(e);
}

static void end_all(struct engine *e)
{
	for (uint32_t i = 0; i < e->legs_high; i++)
		if (e->media->legs[i].open)
			leg_finish(e, &e->media->legs[i]);
	for (int i = 0; i < 1000 && (e->finishing || e->taped); i++) {
		usleep(1000);
		recording_retry(e);
		tape_retry(e);
	}
}

static void *run(void *arg)
{
	struct engine *e = arg;
	struct epoll_event ev[WAITING_MAX];

	/* sound can't wait; where this isn't allowed, it is as good as any thread */
	setpriority(PRIO_PROCESS, (id_t)gettid(), ENGINE_NICE);
	while (!e->stop) {
		const int wait_ms = ring_count(e->commands) > 0   ? 0
				    : e->finishing || e->taped ? 20
							       : -1;
		int n = epoll_wait(e->epoll_fd, ev, WAITING_MAX, wait_ms);

		if (n < 0 && errno != EINTR) {
			log_error("media", "epoll: %s", strerror(errno));
			usleep(10000);
		}
		round_of(e, ev, n > 0 ? n : 0);
	}
	end_all(e);
	return NULL;
}

static int watch_fd(struct engine *e, int fd, void *what)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = what};

	return epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? errno : 0;
}

int engine_open(struct engine *e, struct media *m)
{
	int err;

	e->media = m;
	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	e->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (e->epoll_fd < 0 || e->timer_fd < 0)
		return errno;
	err = ring_alloc(&e->commands, sizeof(struct command), COMMANDS_MAX);
	if (!err)
		err = watch_fd(e, e->timer_fd, &e->timer_fd);
	if (!err)
		err = watch_fd(e, ring_fd(e->commands), e->commands);
	return err;
}

int engine_start(struct engine *e)
{
	e->now_us = monotonic_us();
	return pthread_create(&e->thread, NULL, run, e);
}

void engine_free(struct engine *e)
{
	ring_free(e->commands);
	if (e->epoll_fd >= 0)
		close(e->epoll_fd);
	if (e->timer_fd >= 0)
		close(e->timer_fd);
}
