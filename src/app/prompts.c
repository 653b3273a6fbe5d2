/* zongji prompts: every sentence and name as a sound file under the name by which a recording by a
 * person takes its place. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "app/cmd.h"
#include "app/cmd_common.h"

static const char help[] =
	"usage: zongji prompts DIR [--config FILE] [--lang zh-CN|zh-TW|en]\n\n"
	"Writes each sentence of the attendant as DIR/<language>/<name>.wav, as the synthetic\n"
	"voice says it. Recorded anew under the same names in the folder that speech.recordings\n"
	"of the configuration names, they take its place.\n";

struct writing {
	char dir[CONFIG_PATH];
	unsigned written, failed;
};

static void on_prompt(const char *name, int err, struct speech_sound *sound, void *arg)
{
	struct writing *t = arg;
	char path[CONFIG_PATH + SPEECH_NAME + 8];

	snprintf(path, sizeof(path), "%s/%s.wav", t->dir, name);
	if (sound)
		err = media_wav_write(path, sound->samples, sound->count, sound->rate);
	if (err) {
		fprintf(stderr, "zongji prompts: %s: %s\n", path, strerror(err));
		t->failed++;
	} else {
		t->written++;
	}
}

static int make_dir(const char *path)
{
	return mkdir(path, 0755) && errno != EEXIST ? errno : 0;
}

static int run(const char *dir, const char *config_path, const char *lang_text)
{
	static struct config_errors errors;
	char lang_dir[CONFIG_PATH], cache[CONFIG_PATH], why[CATALOGUE_WHY];
	struct speech_config sc = {0};
	struct catalogue *catalogue = NULL;
	struct speech *speech = NULL;
	struct config *config = NULL;
	struct writing t = {0};
	enum lang lang = LANG_ZH_CN;
	int err;

	cmd_root_path(lang_dir, sizeof(lang_dir), "lang");
	snprintf(cache, sizeof(cache), "%s/.cache", dir);
	err = catalogue_open(&catalogue, lang_dir, why);
	if (err)
		fprintf(stderr, "zongji prompts: %s\n", why);
	if (!err && (err = config_load(config_path, &config, &errors)) != 0)
		config_errors_print(&errors, catalogue, "zh-CN", stderr);
	if (!err && !lang_parse(lang_text ? lang_text : config->node.language, &lang))
		err = EINVAL;
	if (!err)
		err = make_dir(dir);
	snprintf(t.dir, sizeof(t.dir), "%.200s/%s", dir, lang_name(lang));
	if (!err)
		err = make_dir(t.dir);
	if (!err) {
		const struct config_speech *c = &config->node.speech;
		const struct speech_company company = {config->measures[0].company,
						       config->measures[0].company_reading};

		sc.catalogue = catalogue;
		sc.lang_dir = lang_dir;
		sc.cache_dir = cache;
		sc.command = c->command[0] ? c->command : NULL;
		sc.voice[lang] = c->voice;
		sc.speed = c->speed;
		err = speech_open(&speech, &sc);
		if (!err)
			err = speech_prompts(speech, lang, &company, on_prompt, &t);
	}
	speech_close(speech);
	config_free(config);
	catalogue_close(catalogue);
	printf("%u written, %u failed\n", t.written, t.failed);
	return err || t.failed ? CMD_FAILED : CMD_OK;
}

int cmd_prompts(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"lang", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *config = NULL, *lang = NULL;
	char sample[CONFIG_PATH];
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return CMD_OK;
		}
		if (c == 'c')
			config = optarg;
		else if (c == 'l')
			lang = optarg;
		else {
			fputs(help, stderr);
			return CMD_USAGE;
		}
	}
	if (optind != argc - 1) {
		fputs(help, stderr);
		return CMD_USAGE;
	}
	if (!config) {
		cmd_root_path(sample, sizeof(sample), "config/sample/node.yaml");
		config = sample;
	}
	return run(argv[optind], config, lang);
}
