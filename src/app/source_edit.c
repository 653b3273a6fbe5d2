/* The directory changed over HTTP: by hand, by file; readings; absences. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd_common.h"
#include "app/config/folder.h"
#include "app/source.h"
#include "records/desk.h"
#include "speech/pinyin.h"

#define TOLD_MAX 2000 /* differences given one by one; all are counted */

static const char *const files[RECORDS_FILES] = {"people", "departments", "extensions"};

json_t *source_field(const char *field, const char *code)
{
	return code ? json_pack("{s:s,s:s}", "field", field, "code", code)
		    : json_pack("{s:s}", "field", field);
}

int source_appointed(struct app *a, struct records_db *db, const struct http_identity *who)
{
	const struct directory *d = NULL;
	const struct directory_person *p = NULL;
	bool appointed = false;
	int err;

	if (who->roles & API_MANAGER)
		return 0;
	err = source_lock(a, db, who->org, &d);
	if (!err && who->person)
		p = directory_person(d, who->person);
	appointed = p && p->post == POST_OPERATOR;
	source_unlock();
	if (err || appointed)
		return err;
	err = records_standin_in_force(db, who->org, who->person, clock_wall_ms(), NULL);
	return err == ENOENT ? EACCES : err;
}

/* --- what was wrong --- */

/* "…:12:1: name: text" without its place. */
static const char *bare(const char *text, unsigned line)
{
	char place[32];
	const char *at;

	snprintf(place, sizeof(place), ":%u:1: ", line);
	at = strstr(text, place);
	return at ? at + strlen(place) : text;
}

static json_t *error_json(struct app *a, const struct api_query *q, const struct config_error *e,
			  const struct records_csv_error *r)
{
	char text[1024];

	config_error_text(e, a->catalogue, lang_name(q->lang), text, sizeof(text));
	return json_pack("{s:s,s:i,s:s,s:s,s:s,s:s}", "file", files[r->file], "line", (int)r->line,
			 "column", r->column, "code", records_csv_code_name(r->code), "found",
			 r->found, "text", bare(text, r->line));
}

/* The members of a refusal: every error with line and column, the first one's text first. */
static json_t *errors_json(struct app *a, const struct api_query *q,
			   const struct records_csv_errors *found, const char *code)
{
	struct config_errors *errs = calloc(1, sizeof(*errs));
	json_t *list = json_array(), *out;

	if (errs)
		folder_tell("", found, errs);
	for (size_t i = 0; errs && i < errs->count && i < found->count; i++)
		json_array_append_new(list, error_json(a, q, &errs->list[i], &found->v[i]));
	out = json_pack("{s:s,s:s,s:i,s:O}", "code", code, "field",
			found->count ? found->v[0].column : "", "count", (int)found->count,
			"errors", list);
	json_decref(list);
	free(errs);
	return out;
}

/* --- by hand --- */

/* A new phone's password is told once: only hashes are kept. */
static int secret_give(struct app *a, struct records_db *db, const struct api_query *q,
		       uint32_t extension, json_t *out)
{
	char secret[CMD_SECRET_LEN + 1];
	int err;

	cmd_secret_make(secret);
	err = records_extension_secret_set(db, q->who.org, extension, a->config->node.sip.realm,
					   secret, q->who.name);
	if (!err)
		json_object_set_new(out, "password", json_string(secret));
	return err;
}

static int edit(void *arg, const struct api_query *q, const struct api_edit *e, json_t **out)
{
	struct app *a = arg;
	const struct records_edit change = {.org = q->who.org,
					    .id = (uint32_t)q->id,
					    .file = (enum records_csv_file)e->file,
					    .cells = e->cells,
					    .by = q->who.name,
					    .at_ms = clock_wall_ms()};
	struct records_csv_errors *errors = calloc(1, sizeof(*errors));
	struct records_db *db = NULL;
	uint32_t id = 0;
	int err = errors ? source_borrow(a, &db) : ENOMEM;

	if (!err && (q->id > UINT32_MAX || (e->remove && !q->id)))
		err = ENOENT;
	if (!err)
		err = records_directory_edit(db, &change, errors, &id);
	if (err == EINVAL)
		*out = errors_json(a, q, errors, "bad_entry");
	if (!err && !e->remove)
		err = records_directory_entry(db, q->who.org, change.file, id, out);
	if (!err && e->file == API_EXTENSIONS && !q->id)
		err = secret_give(a, db, q, id, *out);
	records_return(a->records, db);
	free(errors);
	if (!err)
		source_directory_changed(a, q->who.org, e->file == API_EXTENSIONS);
	return err;
}

/* --- by file --- */

struct preview {
	json_t *added, *changed, *removed;
	unsigned told;
};

static int on_difference(const struct records_difference *d, void *arg)
{
	struct preview *p = arg;
	json_t *one;

	if (p->told++ >= TOLD_MAX)
		return 0;
	one = json_pack("{s:s,s:i,s:s}", "file", files[d->file], "id", (int)d->id, "name", d->name);
	switch (d->what) {
	case RECORDS_ADDED:
		json_array_append_new(p->added, one);
		break;
	case RECORDS_CHANGED:
		json_object_set_new(one, "column", json_string(d->column));
		json_object_set_new(one, "before", json_string(d->before));
		json_object_set_new(one, "after", json_string(d->after));
		json_array_append_new(p->changed, one);
		break;
	case RECORDS_REMOVED:
		json_array_append_new(p->removed, one);
		break;
	}
	return 0;
}

static int import(void *arg, const struct api_query *q, const struct api_import *in, json_t **out)
{
	struct app *a = arg;
	struct records_merge m = {.leavers = in->leavers,
				  .apply = in->apply,
				  .by = q->who.name,
				  .at_ms = clock_wall_ms()};
	struct records_csv_errors *errors = calloc(1, sizeof(*errors));
	struct preview p = {json_array(), json_array(), json_array(), 0};
	struct records_merge_counts counts = {0};
	struct records_db *db = NULL;
	int err = errors ? source_borrow(a, &db) : ENOMEM;

	for (unsigned f = 0; f < RECORDS_FILES; f++) {
		m.csv.file[f].data = in->text[f];
		m.csv.file[f].len = in->text[f] ? strlen(in->text[f]) : 0;
	}
	if (!err)
		err = records_directory_merge(db, q->who.org, &m, errors, &counts, on_difference,
					      &p);
	records_return(a->records, db);
	if (err == EINVAL)
		*out = errors_json(a, q, errors, "bad_import");
	if (!err)
		*out = json_pack("{s:O,s:O,s:O,s:i,s:{s:i,s:i,s:i},s:b}", "added", p.added,
				 "changed", p.changed, "removed", p.removed, "kept_blank",
				 (int)counts.kept_blank, "counts", "added", (int)counts.added,
				 "changed", (int)counts.changed, "removed", (int)counts.removed,
				 "applied", in->apply);
	json_decref(p.added);
	json_decref(p.changed);
	json_decref(p.removed);
	free(errors);
	if (!err && in->apply && counts.added + counts.changed + counts.removed)
		source_directory_changed(a, q->who.org, in->text[API_EXTENSIONS] != NULL);
	return err;
}

/* --- readings --- */

int source_readings_set(void *arg, const struct api_query *q, const struct api_readings *r,
			json_t **out)
{
	struct app *a = arg;
	struct records_db *db = NULL;
	struct pinyin p;
	int err;

	for (unsigned i = 0; i < r->count; i++)
		if (speech_pinyin_parse(r->v[i], &p)) {
			*out = source_field("readings", "bad_reading");
			json_object_set_new(*out, "found", json_string(r->v[i]));
			return EINVAL;
		}
	err = source_borrow(a, &db);
	if (!err && !(q->own && q->who.person == q->id)) /* one's own name is one's own to say */
		err = source_appointed(a, db, &q->who);
	if (!err)
		err = records_readings_set(db, q->who.org, (enum records_csv_file)r->file,
					   (uint32_t)q->id, r->v, r->count, q->who.name,
					   clock_wall_ms());
	records_return(a->records, db);
	if (err == EINVAL)
		*out = source_field("readings", "bad_reading");
	if (!err)
		source_directory_changed(a, q->who.org, false);
	return err;
}

/* --- absences --- */

static int person_there(struct app *a, struct records_db *db, const struct api_query *q,
			int64_t person)
{
	const struct directory *d = NULL;
	int err = source_lock(a, db, q->who.org, &d);

	if (!err && (person > UINT32_MAX || !directory_person(d, (uint32_t)person)))
		err = ENOENT;
	source_unlock();
	return err;
}

static int absence(void *arg, const struct api_query *q, const struct api_absence *b, json_t **out)
{
	struct app *a = arg;
	struct records_day day = {.org = q->who.org,
				  .person = (uint32_t)q->id,
				  .by = q->who.person,
				  .on = b->on,
				  .at_ms = clock_wall_ms(),
				  .until_ms = b->until_ms};
	struct records_db *db = NULL;
	struct event ev = {.kind = EV_SET};
	int err;

	if (q->own && q->id != q->who.person)
		return EPERM;
	if (b->on && b->until_ms && b->until_ms <= day.at_ms) {
		*out = source_field("until_ms", "past");
		return EINVAL;
	}
	TEXT_COPY(day.set, "away");
	TEXT_COPY(day.word, b->word);
	err = source_borrow(a, &db);
	if (!err)
		err = person_there(a, db, q, q->id);
	if (!err)
		err = records_absence_set(db, &day, q->who.name);
	records_return(a->records, db);
	if (err)
		return err;
	ev.day.set = DAY_AWAY;
	ev.day.on = b->on;
	ev.day.person = day.person;
	ev.day.by = day.by;
	ev.day.until_wall_ms = day.until_ms;
	err = source_set(a, q->who.org, &ev);
	source_directory_changed(a, q->who.org, false);
	return err;
}

void source_edit_fill(struct api_keep_source *k)
{
	k->edit = edit;
	k->import = import;
	k->readings = source_readings_set;
	k->absence = absence;
}
