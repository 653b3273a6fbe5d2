/* Speech: engines good and bad, the cache, recordings by a person, and the level of what comes out.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>

#include "base/clock.h"
#include "folder.h"
#include "speech/priv.h"
#include "speech/wav.h"

static struct catalogue *catalogue;

static int setup(void **state)
{
	return folder_make(state) || catalogue_open(&catalogue, LANG_DIR, NULL);
}

static int teardown(void **state)
{
	catalogue_close(catalogue);
	return folder_remove(state);
}

/* Something like a voice: bursts of a 200 Hz pulse train of a given peak, silence around. */
static void voice_write(const char *name, unsigned rate, double peak)
{
	struct speech_sound s = {malloc(rate * 2 * sizeof(int16_t)), rate * 2, rate};

	for (size_t i = 0; i < s.count; i++) {
		double t = (double)i / rate, x = 0;
		int speaking = t > 0.5 && t < 1.5 && fmod(t, 0.25) < 0.18;

		for (int h = 1; h < 12 && speaking; h++)
			x += cos(2 * M_PI * 200 * h * t) / 11;
		s.samples[i] = (int16_t)lrint(x * peak * 32767);
	}
	assert_int_equal(wav_write(folder_path(name), &s), 0);
	speech_sound_free(&s);
}

/* An engine: a script that counts its runs and then does `what`. */
static const char *engine(const char *what)
{
	static char command[256];
	char script[1024];

	snprintf(script, sizeof(script), "#!/bin/sh\ncd %s\necho \"$2\" >>runs\n%s\n", folder,
		 what);
	folder_text("engine", script);
	chmod(folder_path("engine"), 0755);
	snprintf(command, sizeof(command), "%s {out} {reading}", folder_path("engine"));
	return command;
}

static unsigned runs(void)
{
	FILE *f = fopen(folder_path("runs"), "r");
	unsigned n = 0;
	int c;

	while (f && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static struct speech *open_with(const char *command, unsigned timeout_ms)
{
	struct speech *s = NULL;
	char cache[128], recordings[128];
	struct speech_config cfg = {.catalogue = catalogue,
				    .lang_dir = LANG_DIR,
				    .cache_dir = cache,
				    .recordings_dir = recordings,
				    .command = command,
				    .timeout_ms = timeout_ms};

	snprintf(cache, sizeof(cache), "%s/state/cache", folder);
	snprintf(recordings, sizeof(recordings), "%s/recordings", folder);
	assert_int_equal(speech_open(&s, &cfg), 0);
	return s;
}

static void check_sound(const struct speech_sound *s)
{
	double level = speech_level_dbm0(s);

	assert_int_equal(s->rate, SPEECH_RATE);
	if (fabs(level - SPEECH_LEVEL_DBM0) > 1)
		fail_msg("level is %.2f dBm0", level);
	for (size_t i = 0; i < s->count; i++)
		assert_true(s->samples[i] > -32000 && s->samples[i] < 32000);
}

static int say(struct speech *s, const char *name, const char *text, struct speech_sound *out)
{
	struct speech_request rq = {LANG_ZH_CN, name, text, NULL, false};

	return speech_render(s, &rq, out);
}

static void cache(void **state)
{
	struct speech_sound a, b;
	struct speech *s;

	(void)state;
	voice_write("voice.wav", 22050, 0.9);
	s = open_with(engine("cp voice.wav $1"), 0);
	assert_int_equal(say(s, "x", "请稍等", &a), 0);
	check_sound(&a);
	assert_true(a.count > SPEECH_RATE * 95 / 100 && a.count < SPEECH_RATE * 12 / 10);
	assert_int_equal(say(s, "x", "请稍等", &b), 0);
	assert_int_equal(runs(), 1);
	assert_int_equal(a.count, b.count);
	assert_memory_equal(a.samples, b.samples, a.count * 2);
	speech_sound_free(&b);
	speech_close(s);
	s = open_with(engine("cp voice.wav $1"), 0);
	assert_int_equal(say(s, "x", "请稍等", &b), 0);
	assert_int_equal(runs(), 1);
	speech_sound_free(&b);
	assert_int_equal(say(s, "x", "请听好", &b), 0);
	assert_int_equal(runs(), 2);
	speech_sound_free(&b);
	/* a cache that was damaged is made anew */
	{
		char command[128];

		snprintf(command, sizeof(command), "for f in %s/state/cache/*; do echo x >$f; done",
			 folder);
		assert_int_equal(system(command), 0);
	}
	assert_int_equal(say(s, "x", "请听好", &b), 0);
	assert_int_equal(runs(), 3);
	speech_sound_free(&a);
	speech_sound_free(&b);
	speech_close(s);
}

static void bad_engines(void **state)
{
	static const struct {
		const char *what;
		int err;
	} cases[] = {
	    {"exit 3", EIO},
	    {"kill -SEGV $$", EIO},
	    {"exit 0", EIO},
	    {"head -c 5000 /dev/urandom >$1", EIO},
	    {"head -c 100 voice.wav >$1", EIO},
	    {"cp silence.wav $1", EIO},
	    {"mkdir $1", EIO},
	    {"sleep 60", ETIMEDOUT},
	    {"sleep 60 & sleep 60", ETIMEDOUT},
	};
	struct speech_sound out = {.rate = 7};
	struct speech *s;

	(void)state;
	voice_write("voice.wav", 16000, 0.5);
	voice_write("silence.wav", 16000, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t start = clock_mono_ms();

		s = open_with(engine(cases[i].what), 500);
		assert_int_equal(say(s, "x", "请稍等", &out), cases[i].err);
		assert_int_equal(out.rate, 7);
		assert_true(clock_mono_ms() - start < 5000);
		speech_close(s);
	}
	s = open_with("/no/such/engine {out} {text}", 0);
	assert_int_equal(say(s, "x", "请稍等", &out), ENOENT);
	assert_int_equal(say(s, "x", "", &out), EINVAL);
	assert_int_equal(say(s, "x", "\xff", &out), EINVAL);
	speech_close(s);
	/* what is not worth opening */
	assert_int_equal(engine_check("espeak {text}"), EINVAL);
	assert_int_equal(engine_check("espeak {out}"), EINVAL);
	assert_int_equal(engine_check(" "), EINVAL);
}

/* A text is one word to the engine and never a command. */
static void text_is_data(void **state)
{
	struct speech_sound out;
	struct speech *s;
	char line[128] = "";
	FILE *f;

	(void)state;
	voice_write("voice.wav", 16000, 0.5);
	s = open_with(engine("cp voice.wav $1"), 0);
	assert_int_equal(say(s, NULL, "$(touch x); `id` {out} -w \"y\"", &out), 0);
	speech_sound_free(&out);
	f = fopen(folder_path("runs"), "r");
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_string_equal(line, "$(touch x); `id` {out} -w \"y\"\n");
	assert_int_equal(access(folder_path("x"), F_OK), -1);
	speech_close(s);
}

static void recordings(void **state)
{
	struct speech_sound out;
	struct speech *s;

	(void)state;
	voice_write("voice.wav", 16000, 0.5);
	mkdir(folder_path("recordings"), 0755);
	mkdir(folder_path("recordings/zh-CN"), 0755);
	voice_write("recordings/zh-CN/attendant.dial.wav", 44100, 0.02);
	s = open_with(engine("cp voice.wav $1"), 0);
	assert_int_equal(say(s, "attendant.dial", "请拨分机号", &out), 0);
	check_sound(&out);
	speech_sound_free(&out);
	assert_int_equal(runs(), 0);
	/* a recording that lies is passed over */
	folder_text("recordings/zh-CN/attendant.dial.wav", "RIFF....WAVE");
	assert_int_equal(say(s, "attendant.dial", "请拨分机号", &out), 0);
	speech_sound_free(&out);
	assert_int_equal(runs(), 1);
	/* a name is never a path */
	assert_int_equal(say(s, "../zh-CN/attendant.dial", "请稍等", &out), 0);
	speech_sound_free(&out);
	assert_int_equal(runs(), 2);
	speech_close(s);
}

static struct {
	pthread_mutex_t lock;
	pthread_cond_t turn;
	unsigned done, cancelled;
} async = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void async_done(int err, struct speech_sound *sound, void *arg)
{
	(void)arg;
	pthread_mutex_lock(&async.lock);
	async.done += err == 0;
	async.cancelled += err == ECANCELED;
	pthread_cond_signal(&async.turn);
	pthread_mutex_unlock(&async.lock);
	speech_sound_free(sound);
}

static void worker(void **state)
{
	struct speech_request rq = {LANG_ZH_CN, "person-1", "张三丰", NULL, true};
	struct speech *s;
	unsigned pushed = 0;
	int64_t start;

	(void)state;
	voice_write("voice.wav", 16000, 0.5);
	s = open_with(engine("cp voice.wav $1"), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(speech_request_async(s, &rq, async_done, NULL), 0);
	pthread_mutex_lock(&async.lock);
	while (async.done < 3)
		pthread_cond_wait(&async.turn, &async.lock);
	pthread_mutex_unlock(&async.lock);
	assert_int_equal(runs(), 1);
	speech_close(s);
	/* the queue has an end, and closing waits for no engine */
	s = open_with(engine("sleep 60"), 0);
	rq.text = "李四";
	while (pushed <= SPEECH_QUEUE + 1 && !speech_request_async(s, &rq, async_done, NULL))
		pushed++;
	assert_in_range(pushed, SPEECH_QUEUE, SPEECH_QUEUE + 1);
	start = clock_mono_ms();
	speech_close(s);
	assert_true(clock_mono_ms() - start < 2000);
	assert_int_equal(async.cancelled, pushed);
}

static void patterns(void **state)
{
	struct speech *s = open_with(NULL, 0);
	struct speech_pattern p;
	char text[64];

	(void)state;
	assert_int_equal(speech_pattern(s, LANG_ZH_CN, "enquiry.hit", &p), 0);
	assert_int_equal(p.count, 5);
	assert_int_equal(p.part[0].kind, SPEECH_PART_DEPARTMENT);
	assert_int_equal(p.part[1].kind, SPEECH_PART_PAUSE);
	assert_int_equal(p.part[2].kind, SPEECH_PART_NAME);
	assert_int_equal(p.part[3].kind, SPEECH_PART_SOUND);
	assert_string_equal(p.part[3].name, "enquiry.hit.1");
	assert_int_equal(p.part[4].kind, SPEECH_PART_KEY);
	assert_int_equal(speech_pattern(s, LANG_EN, "attendant.greeting", &p), 0);
	assert_int_equal(p.count, 1);
	assert_string_equal(p.part[0].name, "attendant.greeting");
	assert_int_equal(speech_pattern(s, LANG_EN, "no.such", &p), ENOENT);
	assert_int_equal(speech_number_text(LANG_ZH_CN, 15, text, sizeof(text)), 0);
	assert_string_equal(text, "十五");
	assert_int_equal(speech_number_text(LANG_EN, 30, text, sizeof(text)), 0);
	assert_string_equal(text, "thirty");
	assert_int_equal(speech_number_text(LANG_EN, 60, text, sizeof(text)), EINVAL);
	speech_close(s);
}

struct heard {
	unsigned count, failed, first_err;
	double lowest, highest;
};

static void prompt_heard(const char *name, int err, struct speech_sound *sound, void *arg)
{
	struct heard *h = arg;

	assert_non_null(name);
	h->count++;
	h->failed += err != 0;
	if (err)
		return;
	check_sound(sound);
	assert_true(sound->count > SPEECH_RATE / 10 && sound->count < SPEECH_RATE * 15);
}

static void prompts(void **state)
{
	struct speech_company company = {"某城集团", NULL};
	struct heard h = {0};
	struct speech *s;

	(void)state;
	s = open_with("/no/such/engine {out} {text}", 0);
	assert_int_equal(speech_prompts(s, LANG_ZH_CN, &company, prompt_heard, &h), ENOENT);
	assert_true(h.count > 100 && h.failed == h.count);
	speech_close(s);
	/* each company's greeting is its own, whoever has recorded one */
	mkdir(folder_path("recordings"), 0755);
	mkdir(folder_path("recordings/zh-CN"), 0755);
	voice_write("recordings/zh-CN/attendant.greeting.wav", 16000, 0.5);
	voice_write("recordings/zh-CN/attendant.greeting@北坡置业.wav", 16000, 0.5);
	s = open_with("/no/such/engine {out} {text}", 0);
	for (int i = 0; i < 2; i++) {
		unsigned count = h.count;

		company.name = i ? "北坡置业" : "某城集团";
		h = (struct heard){0};
		speech_prompts(s, LANG_ZH_CN, &company, prompt_heard, &h);
		assert_int_equal(h.count, count);
		assert_int_equal(h.count - h.failed, i);
	}
	speech_close(s);
	if (system("espeak-ng --version >/dev/null 2>&1") != 0)
		skip();
	s = open_with(NULL, 0);
	for (int l = 0; l < LANG_COUNT; l++) {
		h = (struct heard){0};
		assert_int_equal(speech_prompts(s, (enum lang)l, &company, prompt_heard, &h), 0);
		assert_true(h.count > 100 && h.failed == 0);
	}
	speech_close(s);
}

/* Loud peaks in a quiet voice, a rate that divides badly, a level near nothing. */
static void shapes(void **state)
{
	static const struct {
		unsigned rate;
		double peak;
	} cases[] = {{8000, 1.0}, {11025, 0.05}, {22050, 1.0}, {44100, 0.3}, {48000, 0.01}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct speech_sound in, out;
		char why[WAV_WHY];

		voice_write("v.wav", cases[i].rate, cases[i].peak);
		assert_int_equal(wav_read(folder_path("v.wav"), &in, why), 0);
		assert_int_equal(speech_shape(&in, &out), 0);
		check_sound(&out);
		speech_sound_free(&in);
		speech_sound_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(shapes, setup, teardown),
	    cmocka_unit_test_setup_teardown(cache, setup, teardown),
	    cmocka_unit_test_setup_teardown(bad_engines, setup, teardown),
	    cmocka_unit_test_setup_teardown(text_is_data, setup, teardown),
	    cmocka_unit_test_setup_teardown(recordings, setup, teardown),
	    cmocka_unit_test_setup_teardown(worker, setup, teardown),
	    cmocka_unit_test_setup_teardown(patterns, setup, teardown),
	    cmocka_unit_test_setup_teardown(prompts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
