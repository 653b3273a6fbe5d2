/* Recordings, silence, the busy cadence, WAV files. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "phone.h"

static char folder[] = "/tmp/zongji-media-XXXXXX";

static void path_of(char out[MEDIA_PATH_MAX], const char *name)
{
	snprintf(out, MEDIA_PATH_MAX, "%s/%s", folder, name);
}

static void check_file(const char *path, double hz, unsigned ms_min, unsigned ms_max)
{
	struct media_wav wav;
	struct media_wav_error error;
	double re = 0, im = 0, energy = 0;

	assert_int_equal(media_wav_read(path, &wav, &error), 0);
	assert_int_equal(wav.rate, 8000);
	assert_in_range(wav.count / 8, ms_min, ms_max);
	for (size_t i = 0; i < 2400 && i < wav.count; i++) {
		re += wav.samples[i] * cos(2 * M_PI * hz * (double)i / 8000);
		im += wav.samples[i] * sin(2 * M_PI * hz * (double)i / 8000);
		energy += (double)wav.samples[i] * wav.samples[i];
	}
	assert_true((re * re + im * im) * 2 / 2400 / energy > 0.85);
	media_wav_free(&wav);
}

static void record_stopped(enum codec c)
{
	struct media *m = room_open(0);
	struct phone a;
	struct media_event ev;
	struct media_record rec = {.serial = 9, .max_ms = 10000};
	struct stat st;

	phone_open(&a, c);
	room_leg(m, 1, &a, false);
	path_of(rec.path, "stopped.wav");
	unlink(rec.path);
	assert_int_equal(media_record(m, 1, &rec), 0);
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 40, 5000);
	a.sequence += 5; /* lost: silence in the file */
	a.timestamp += 5 * codec_rtp_clock(c) / 50;
	phone_say(&a, 600, 8000, 5, 5000);
	assert_int_equal(stat(rec.path, &st), -1); /* not before it is whole */
	assert_int_equal(media_record_stop(m, 1, MEDIA_WHY_DIGIT), 0);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 3000));
	assert_int_equal(ev.serial, 9);
	assert_int_equal(ev.why, MEDIA_WHY_DIGIT);
	assert_in_range(ev.ms, 890, 1000);
	assert_in_range(ev.voiced_ms, 850, 910);
	check_file(rec.path, 600, ev.ms, ev.ms);
	media_close(m);
	phone_close(&a);
}

static void test_record(void **state)
{
	record_stopped(CODEC_PCMA);
	record_stopped(CODEC_PCMU);
	record_stopped(CODEC_G722);
	record_stopped(CODEC_OPUS);
}

static void test_record_beep_and_silence(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	struct media_event ev;
	struct media_record rec = {.serial = 10, .silence_ms = 600, .beep = true};
	double rms;

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	path_of(rec.path, "silence.wav");
	media_record(m, 1, &rec);
	phone_hear(&a, 400);
	/* nothing of what is said during the beep's time is there; then 0.6 s, and silence */
	assert_true(phone_share(&a, 1000, 0, 3200, &rms) > 0.6);
	phone_say(&a, 600, 8000, 30, 20000);
	phone_say(&a, 0, 0, 60, 20000);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 3000));
	assert_int_equal(ev.why, MEDIA_WHY_SILENCE);
	assert_in_range(ev.ms, 600, 960); /* what was said, and 0.3 s */
	check_file(rec.path, 600, ev.ms, ev.ms);
	/* nobody says anything, no packet comes */
	rec.serial = 11;
	rec.beep = false;
	path_of(rec.path, "nothing.wav");
	media_record(m, 1, &rec);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 3000));
	assert_int_equal(ev.serial, 11);
	assert_int_equal(ev.why, MEDIA_WHY_SILENCE);
	assert_int_equal(ev.ms, 0);
	media_close(m);
	phone_close(&a);
}

static void test_record_ends(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	struct media_event ev;
	struct media_record rec = {.serial = 1, .max_ms = 400};

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	path_of(rec.path, "max.wav");
	media_record(m, 1, &rec);
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 40, 2000);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 3000));
	assert_int_equal(ev.why, MEDIA_WHY_MAX);
	assert_int_equal(ev.ms, 400);
	/* a second recording ends the first, the end of the leg the second */
	rec.max_ms = 0;
	rec.serial = 2;
	media_record(m, 1, &rec);
	rec.serial = 3;
	path_of(rec.path, "hangup.wav");
	media_record(m, 1, &rec);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 3000));
	assert_int_equal(ev.serial, 2);
	assert_int_equal(ev.why, MEDIA_WHY_STOPPED);
	phone_say(&a, 600, 8000, 20, 2000);
	room_settle(m, 1);
	media_leg_close(m, 1);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 3000));
	assert_int_equal(ev.serial, 3);
	assert_int_equal(ev.why, MEDIA_WHY_HANGUP);
	assert_int_equal(ev.ms, 400);
	/* a disk that says no */
	room_leg(m, 1, &a, false);
	rec.serial = 4;
	path_of(rec.path, "no/such/folder.wav");
	media_record(m, 1, &rec);
	media_record_stop(m, 1, MEDIA_WHY_STOPPED);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 3000));
	assert_int_equal(ev.why, MEDIA_WHY_FAILED);
	media_close(m);
	phone_close(&a);
}

static void say_cadence(struct phone *a, unsigned times)
{
	int16_t pcm[5600];

	for (int i = 0; i < 5600; i++)
		pcm[i] = (int16_t)(i < 2800 ? lrint(5000 * sin(2 * M_PI * 450 * i / 8000)) : 0);
	while (times-- > 0)
		phone_say_pcm(a, pcm, 5600, 1000);
}

/* The gateway's busy tone ends the message and is cut off it; ringback and speech don't. */
static void test_busy_tone(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	struct media_event ev, both[2];
	unsigned n;
	struct media_record rec = {.serial = 1};
	const struct media_watch watch = {.busy_tone = true};

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	media_watch(m, 1, &watch);
	path_of(rec.path, "busy.wav");
	media_record(m, 1, &rec);
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 100, 1000);
	phone_say(&a, 450, 5000, 50, 1000); /* 1 s on, as in ringback */
	phone_say(&a, 0, 0, 20, 1000);
	assert_false(room_event(m, MEDIA_EV_BUSY_TONE, &ev, 30));
	say_cadence(&a, 5);
	n = room_events(m, both, 2, 2000);
	assert_int_equal(n, 2);
	assert_int_equal(both[0].kind, MEDIA_EV_BUSY_TONE);
	ev = both[1];
	assert_int_equal(ev.kind, MEDIA_EV_RECORDED);
	assert_int_equal(ev.why, MEDIA_WHY_BUSY_TONE);
	assert_in_range(ev.ms, 3350, 3450);
	check_file(rec.path, 600, ev.ms, ev.ms);
	media_close(m);
	phone_close(&a);
}

static void test_silent(void **state)
{
	struct media *m = room_open(300);
	struct phone a;
	struct media_event ev;
	struct stream s;
	const struct media_watch watch = {.silence_ms = 700};

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	/* before the first packet the configured watch waits */
	assert_false(room_event(m, MEDIA_EV_SILENT, &ev, 600));
	phone_say(&a, 600, 8000, 1, 0);
	assert_true(room_event(m, MEDIA_EV_SILENT, &ev, 2000));
	assert_false(room_event(m, MEDIA_EV_SILENT, &ev, 600));
	phone_say(&a, 600, 8000, 1, 0);
	assert_true(room_event(m, MEDIA_EV_SILENT, &ev, 2000));
	/* held: silence is right; retrieved: counted anew */
	phone_stream(&a, &s);
	s.direction = STREAM_SEND;
	media_leg_set(m, 1, &s);
	media_watch(m, 1, &watch);
	assert_false(room_event(m, MEDIA_EV_SILENT, &ev, 1000));
	s.direction = STREAM_BOTH;
	media_leg_set(m, 1, &s);
	assert_false(room_event(m, MEDIA_EV_SILENT, &ev, 200));
	assert_true(room_event(m, MEDIA_EV_SILENT, &ev, 2000));
	media_close(m);
	phone_close(&a);
}

/* The disk hangs (here: a FIFO without a reader): sound goes on, the recording fails by itself. */
static void test_stalled_disk(void **state)
{
	struct media *m = room_open(0);
	struct phone a, b;
	struct media_event ev;
	struct media_record rec = {.serial = 5};
	char fifo[MEDIA_PATH_MAX + 8], data[4096];
	int fd;

	phone_open(&a, CODEC_PCMA);
	phone_open(&b, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	room_leg(m, 2, &b, false);
	media_join(m, 1, 2);
	path_of(rec.path, "stalled.wav");
	snprintf(fifo, sizeof(fifo), "%s.part", rec.path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	media_record(m, 1, &rec);
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 100, 2000);
	phone_await(&b, 100);
	assert_int_equal(b.packets, 100);
	media_record_stop(m, 1, MEDIA_WHY_STOPPED);
	assert_false(room_event(m, MEDIA_EV_RECORDED, &ev, 100));
	fd = open(fifo, O_RDONLY);
	assert_true(fd >= 0);
	while (read(fd, data, sizeof(data)) > 0)
		;
	close(fd);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 2000));
	assert_int_equal(ev.serial, 5);
	assert_int_equal(ev.why, MEDIA_WHY_FAILED);
	media_close(m);
	phone_close(&a);
	phone_close(&b);
}

/* What was recorded is played back from its file. */
static void test_played_back(void **state)
{
	struct media *m = room_open(0);
	struct phone a;
	struct media_event ev;
	struct media_record rec = {.serial = 6};
	const uint32_t clips[2] = {2, 1};
	size_t first = 0;
	double rms;

	phone_open(&a, CODEC_PCMA);
	room_leg(m, 1, &a, false);
	path_of(rec.path, "stopped.wav");
	media_record(m, 1, &rec);
	room_settle(m, 1);
	phone_say(&a, 600, 8000, 25, 1000);
	room_settle(m, 1);
	media_record_stop(m, 1, MEDIA_WHY_DIGIT);
	assert_true(room_event(m, MEDIA_EV_RECORDED, &ev, 3000));
	assert_int_equal(media_clip_load(m, 1, rec.path), 0);
	assert_int_equal(media_clip_load(m, 2, "/nonexistent.wav"), 0);
	assert_int_equal(media_play(m, 1, 8, clips, 2, false), 0);
	assert_true(room_event(m, MEDIA_EV_PLAYED, &ev, 5000));
	phone_hear(&a, 10);
	while (first < a.samples && abs(a.pcm[first]) < 1000)
		first++;
	assert_true(phone_share(&a, 600, first, 3600, &rms) > 0.9);
	/* a loop of nothing but failures ends */
	assert_int_equal(media_play(m, 1, 9, clips, 1, true), 0);
	assert_true(room_event(m, MEDIA_EV_PLAYED, &ev, 2000));
	media_close(m);
	phone_close(&a);
}

static enum media_wav_fault fault_of(const uint8_t *data, size_t len)
{
	struct media_wav wav = {0};
	struct media_wav_error error;
	int err = media_wav_parse(data, len, &wav, &error);

	assert_int_equal(err == 0, error.fault == MEDIA_WAV_OK);
	media_wav_free(&wav);
	return error.fault;
}

static void test_wav(void **state)
{
	char path[MEDIA_PATH_MAX];
	const int16_t samples[4] = {1, -2, 32767, -32768};
	struct media_wav wav;
	struct media_wav_error error;
	uint8_t data[100];
	unsigned seed = 1;
	int fd;

	path_of(path, "four.wav");
	assert_int_equal(media_wav_write(path, samples, 4, 16000), 0);
	assert_int_equal(media_wav_read(path, &wav, &error), 0);
	assert_int_equal(wav.count, 4);
	assert_int_equal(wav.rate, 16000);
	assert_memory_equal(wav.samples, samples, sizeof(samples));
	media_wav_free(&wav);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, data, sizeof(data)), 52);
	close(fd);
	assert_int_equal(fault_of(data, 52), MEDIA_WAV_OK);
	assert_int_equal(fault_of(data, 51), MEDIA_WAV_TRUNCATED);
	assert_int_equal(fault_of(data, 44), MEDIA_WAV_TRUNCATED);
	assert_int_equal(fault_of(data, 36), MEDIA_WAV_EMPTY);
	assert_int_equal(fault_of(data, 30), MEDIA_WAV_TRUNCATED);
	assert_int_equal(fault_of(data, 11), MEDIA_WAV_NOT_WAV);
	data[22] = 2;
	assert_int_equal(fault_of(data, 52), MEDIA_WAV_CHANNELS);
	data[22] = 1;
	data[20] = 3;
	assert_int_equal(fault_of(data, 52), MEDIA_WAV_FORMAT);
	data[20] = 1;
	data[24] = 0;
	data[25] = 1;
	assert_int_equal(fault_of(data, 52), MEDIA_WAV_RATE);
	data[0] = 'X';
	assert_int_equal(fault_of(data, 52), MEDIA_WAV_NOT_WAV);
	assert_int_equal(media_wav_read("/nonexistent", &wav, &error), ENOENT);
	assert_int_equal(error.fault, MEDIA_WAV_UNREADABLE);
	assert_int_equal(media_wav_read("/tmp", &wav, &error), EISDIR);
	for (int i = 0; i < 20000; i++) {
		uint8_t bad[52];

		fd = open(path, O_RDONLY);
		assert_int_equal(read(fd, bad, sizeof(bad)), 52);
		close(fd);
		for (int k = 0; k < 3; k++)
			bad[rand_r(&seed) % 52] = (uint8_t)rand_r(&seed);
		fault_of(bad, (size_t)rand_r(&seed) % 53);
	}
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"stopped.wav", "silence.wav", "nothing.wav", "max.wav",
					    "hangup.wav", "busy.wav", "four.wav"};
	char path[MEDIA_PATH_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_of(path, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_record_beep_and_silence),
		cmocka_unit_test(test_record_ends),
		cmocka_unit_test(test_busy_tone),
		cmocka_unit_test(test_stalled_disk),
		cmocka_unit_test(test_played_back),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_wav),
	};

	return cmocka_run_group_tests_name("media_record", tests, make_folder, remove_folder);
}
