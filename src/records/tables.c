#include "records/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 999999999

#define AT(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define DISCLOSURES "all inside none"
#define PERSON_WAYS "page mail wecom dingtalk feishu webhook call"
#define DEPARTMENT_WAYS "mail robot webhook"
#define POSTS \
	"employee chairman vice_chairman general_manager gad_manager secretary operator"

const struct table tables[RECORDS_FILES] = {
    [RECORDS_PEOPLE] =
	{
	    "people.csv",
	    "person",
	    sizeof(struct person_row),
	    16,
	    {
		{"id", COLUMN_ID, AT(person_row, p.id), true, ID_MAX, NULL},
		{"name", COLUMN_TEXT, AT(person_row, p.name), true, 0, NULL},
		{"reading", COLUMN_TEXT, AT(person_row, p.reading), false, 0, NULL},
		{"title", COLUMN_TEXT, AT(person_row, p.title), false, 0, NULL},
		{"department", COLUMN_ID, AT(person_row, p.department), false, ID_MAX, NULL},
		{"extension", COLUMN_ID, AT(person_row, p.extension), false, ID_MAX, NULL},
		{"post", COLUMN_WORD, AT(person_row, p.post), false, 0, POSTS},
		{"secretary", COLUMN_ID, AT(person_row, p.secretary), false, ID_MAX, NULL},
		{"deputy", COLUMN_ID, AT(person_row, p.deputy), false, ID_MAX, NULL},
		{"disclosure", COLUMN_WORD, AT(person_row, p.disclosure), false, 0, DISCLOSURES},
		{"mail", COLUMN_MAIL, AT(person_row, r.mail), false, 0, NULL},
		{"wecom", COLUMN_TEXT, AT(person_row, r.wecom), false, 0, NULL},
		{"dingtalk", COLUMN_TEXT, AT(person_row, r.dingtalk), false, 0, NULL},
		{"feishu", COLUMN_TEXT, AT(person_row, r.feishu), false, 0, NULL},
		{"webhook", COLUMN_TEXT, AT(person_row, r.webhook), false, 0, NULL},
		{"deliver", COLUMN_WAYS, AT(person_row, r.deliver), false, 0, PERSON_WAYS},
	    },
	    {"records_people",
	     "SELECT id, name, reading, title, department, extension, post, secretary, deputy,"
	     " disclosure, mail, wecom, dingtalk, feishu, webhook, deliver FROM people"
	     " WHERE org = $1 ORDER BY id"},
	    {"records_person_put",
	     "INSERT INTO people (org, id, name, reading, title, department, extension, post,"
	     " secretary, deputy, disclosure, mail, wecom, dingtalk, feishu, webhook, deliver)"
	     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,"
	     " $17) ON CONFLICT (org, id) DO UPDATE SET name = excluded.name,"
	     " reading = excluded.reading, title = excluded.title,"
	     " department = excluded.department, extension = excluded.extension,"
	     " post = excluded.post, secretary = excluded.secretary, deputy = excluded.deputy,"
	     " disclosure = excluded.disclosure, mail = excluded.mail, wecom = excluded.wecom,"
	     " dingtalk = excluded.dingtalk, feishu = excluded.feishu,"
	     " webhook = excluded.webhook, deliver = excluded.deliver"},
	    {"records_person_drop", "DELETE FROM people WHERE org = $1 AND id = $2"},
	},
    [RECORDS_DEPARTMENTS] =
	{
	    "departments.csv",
	    "department",
	    sizeof(struct department_row),
	    13,
	    {
		{"id", COLUMN_ID, AT(department_row, d.id), true, ID_MAX, NULL},
		{"name", COLUMN_TEXT, AT(department_row, d.name), true, 0, NULL},
		{"reading", COLUMN_TEXT, AT(department_row, d.reading), false, 0, NULL},
		{"number", COLUMN_DIAL, AT(department_row, d.number), false, 0, NULL},
		{"strategy", COLUMN_WORD, AT(department_row, d.strategy), false, 0, "all in_turn"},
		{"members", COLUMN_MEMBERS, AT(department_row, d.members), false, ID_MAX, NULL},
		{"hours", COLUMN_SMALL, AT(department_row, d.hours), false, MEASURES_HOURS_SETS - 1,
		 NULL},
		{"announce", COLUMN_SMALL, AT(department_row, d.announce), false, 255, NULL},
		{"disclosure", COLUMN_WORD, AT(department_row, d.disclosure), false, 0,
		 DISCLOSURES},
		{"mail", COLUMN_MAIL, AT(department_row, r.mail), false, 0, NULL},
		{"robot", COLUMN_TEXT, AT(department_row, r.robot), false, 0, NULL},
		{"webhook", COLUMN_TEXT, AT(department_row, r.webhook), false, 0, NULL},
		{"deliver", COLUMN_WAYS, AT(department_row, r.deliver), false, 0,
		 DEPARTMENT_WAYS},
	    },
	    {"records_departments",
	     "SELECT id, name, reading, number, strategy, members, hours, announce, disclosure,"
	     " mail, robot, webhook, deliver FROM departments WHERE org = $1 ORDER BY id"},
	    {"records_department_put",
	     "INSERT INTO departments (org, id, name, reading, number, strategy, members, hours,"
	     " announce, disclosure, mail, robot, webhook, deliver) VALUES ($1, $2, $3, $4, $5,"
	     " $6, $7, $8, $9, $10, $11, $12, $13, $14)"
	     " ON CONFLICT (org, id) DO UPDATE SET name = excluded.name,"
	     " reading = excluded.reading, number = excluded.number,"
	     " strategy = excluded.strategy, members = excluded.members,"
	     " hours = excluded.hours, announce = excluded.announce,"
	     " disclosure = excluded.disclosure, mail = excluded.mail, robot = excluded.robot,"
	     " webhook = excluded.webhook, deliver = excluded.deliver"},
	    {"records_department_drop", "DELETE FROM departments WHERE org = $1 AND id = $2"},
	},
    [RECORDS_EXTENSIONS] =
	{
	    "extensions.csv",
	    "extension",
	    sizeof(struct extension_row),
	    12,
	    {
		{"id", COLUMN_ID, AT(extension_row, e.id), true, ID_MAX, NULL},
		{"number", COLUMN_DIAL, AT(extension_row, e.number), true, 0, NULL},
		{"user", COLUMN_USER, AT(extension_row, user), true, 0, NULL},
		{"person", COLUMN_ID, AT(extension_row, e.person), false, ID_MAX, NULL},
		{"department", COLUMN_ID, AT(extension_row, e.department), false, ID_MAX, NULL},
		{"class", COLUMN_WORD, AT(extension_row, e.service_class), false, 0,
		 "inside city national international"},
		{"call_waiting", COLUMN_BOOL, AT(extension_row, e.call_waiting), false, 1, NULL},
		{"pickup_group", COLUMN_SMALL, AT(extension_row, e.pickup_group), false, 255, NULL},
		{"forward_always", COLUMN_DIAL, AT(extension_row, e.forward_always), false, 0,
		 NULL},
		{"forward_busy", COLUMN_DIAL, AT(extension_row, e.forward_busy), false, 0, NULL},
		{"forward_no_answer", COLUMN_DIAL, AT(extension_row, e.forward_no_answer), false, 0,
		 NULL},
		{"algorithm", COLUMN_WORD, AT(extension_row, algorithm), false, 0, "md5 sha-256"},
	    },
	    {"records_extensions",
	     "SELECT id, number, sip_user, person, department, service_class, call_waiting,"
	     " pickup_group, forward_always, forward_busy, forward_no_answer, algorithm"
	     " FROM extensions WHERE org = $1 ORDER BY id"},
	    {"records_extension_put",
	     "INSERT INTO extensions (org, id, number, sip_user, person, department,"
	     " service_class, call_waiting, pickup_group, forward_always, forward_busy,"
	     " forward_no_answer, algorithm) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
	     " $11, $12, $13) ON CONFLICT (org, id) DO UPDATE SET number = excluded.number,"
	     " sip_user = excluded.sip_user, person = excluded.person,"
	     " department = excluded.department, service_class = excluded.service_class,"
	     " call_waiting = excluded.call_waiting, pickup_group = excluded.pickup_group,"
	     " forward_always = excluded.forward_always, forward_busy = excluded.forward_busy,"
	     " forward_no_answer = excluded.forward_no_answer,"
	     " algorithm = excluded.algorithm"},
	    {"records_extension_drop", "DELETE FROM extensions WHERE org = $1 AND id = $2"},
	},
};

void *records_rows_add(struct rows *r, size_t row_size)
{
	char *row;

	if (r->count == r->cap) {
		uint32_t cap = r->cap ? r->cap * 2 : 64;
		char *v = realloc(r->v, (size_t)cap * row_size);

		if (!v)
			return NULL;
		r->v = v;
		r->cap = cap;
	}
	row = r->v + (size_t)r->count++ * row_size;
	memset(row, 0, row_size);
	return row;
}

void *records_rows_at(const struct rows *r, enum records_csv_file f, uint32_t i)
{
	return r->v + (size_t)i * tables[f].row_size;
}

uint32_t records_row_id(const void *row, enum records_csv_file f)
{
	uint32_t id;

	memcpy(&id, (const char *)row + tables[f].column[0].offset, sizeof(id));
	return id;
}

void records_rows_free(struct rows r[RECORDS_FILES])
{
	for (unsigned f = 0; f < RECORDS_FILES; f++) {
		free(r[f].v);
		r[f] = (struct rows){0};
	}
}

static int by_id(const void *a, const void *b, void *arg)
{
	const enum records_csv_file *f = arg;
	uint32_t x = records_row_id(a, *f), y = records_row_id(b, *f);

	return x < y ? -1 : x > y;
}

void records_rows_sort(struct rows *r, enum records_csv_file f)
{
	if (r->count > 1)
		qsort_r(r->v, r->count, tables[f].row_size, by_id, &f);
}

void *records_rows_find(const struct rows *r, enum records_csv_file f, uint32_t id)
{
	uint32_t low = 0, high = r->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		void *row = records_rows_at(r, f, mid);
		uint32_t at = records_row_id(row, f);

		if (at == id)
			return row;
		if (at < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static void members_read(struct directory_department *d, const char *text)
{
	while (d->member_count < DIRECTORY_MEMBERS) {
		char *end;
		unsigned long id = strtoul(text, &end, 10);

		if (end == text)
			return;
		d->members[d->member_count++] = (uint32_t)id;
		text = end;
	}
}

static void column_read(const struct column *c, const struct store_row *from, unsigned col,
			char *row)
{
	char *field = row + c->offset;
	int64_t i;
	uint32_t u;

	switch (c->kind) {
	case COLUMN_ID:
		u = (uint32_t)store_row_int(from, col);
		memcpy(field, &u, sizeof(u));
		break;
	case COLUMN_SMALL:
	case COLUMN_BOOL:
	case COLUMN_WORD:
		i = store_row_int(from, col);
		*(uint8_t *)field = (uint8_t)i;
		break;
	case COLUMN_TEXT:
	case COLUMN_DIAL:
	case COLUMN_USER:
	case COLUMN_MAIL:
	case COLUMN_WAYS:
		(void)text_copy(field, c->size, store_row_text(from, col));
		break;
	case COLUMN_MEMBERS:
		members_read(&((struct department_row *)(void *)row)->d, store_row_text(from, col));
		break;
	}
}

struct loading {
	enum records_csv_file f;
	struct rows *rows;
};

static int load_row(const struct store_row *from, void *arg)
{
	struct loading *l = arg;
	const struct table *t = &tables[l->f];
	char *row = records_rows_add(l->rows, t->row_size);

	if (!row)
		return ENOMEM;
	for (unsigned i = 0; i < t->count; i++)
		column_read(&t->column[i], from, i, row);
	return 0;
}

int records_rows_load(struct store *s, uint32_t org, enum records_csv_file f, struct rows *out)
{
	const struct store_value v = STORE_I(org);
	struct loading l = {f, out};

	return store_run(s, &tables[f].select, &v, 1, load_row, &l);
}

static void word_at(const char *words, unsigned n, char out[CELL_MAX])
{
	size_t len;

	for (; n > 0 && *words; n--) {
		words += strcspn(words, " ");
		words += *words == ' ';
	}
	len = strcspn(words, " ");
	(void)text_copy_n(out, CELL_MAX, words, len);
}

static void members_text(const struct directory_department *d, char out[CELL_MAX])
{
	out[0] = '\0';
	for (unsigned i = 0; i < d->member_count; i++)
		(void)text_append(out, CELL_MAX, "%s%" PRIu32, i ? " " : "", d->members[i]);
}

void records_cell_text(const struct column *c, const void *row, char out[CELL_MAX])
{
	const char *field = (const char *)row + c->offset;
	uint32_t u;

	out[0] = '\0';
	switch (c->kind) {
	case COLUMN_ID:
		memcpy(&u, field, sizeof(u));
		if (u)
			snprintf(out, CELL_MAX, "%" PRIu32, u);
		break;
	case COLUMN_SMALL:
	case COLUMN_BOOL:
		snprintf(out, CELL_MAX, "%u", *(const uint8_t *)field);
		break;
	case COLUMN_WORD:
		word_at(c->words, *(const uint8_t *)field, out);
		break;
	case COLUMN_TEXT:
	case COLUMN_DIAL:
	case COLUMN_USER:
	case COLUMN_MAIL:
	case COLUMN_WAYS:
		(void)text_copy(out, CELL_MAX, field);
		break;
	case COLUMN_MEMBERS:
		members_text(&((const struct department_row *)row)->d, out);
		break;
	}
}

json_t *records_row_json(enum records_csv_file f, const void *row)
{
	json_t *o = json_object();
	char cell[CELL_MAX];

	for (unsigned i = 0; o && i < tables[f].count; i++) {
		records_cell_text(&tables[f].column[i], row, cell);
		if (cell[0] &&
		    json_object_set_new(o, tables[f].column[i].name, json_string(cell))) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

void records_row_values(enum records_csv_file f, uint32_t org, const void *row,
			char texts[CELL_MAX], struct store_value v[TABLE_COLUMNS + 1])
{
	v[0] = STORE_I(org);
	for (unsigned i = 0; i < tables[f].count; i++) {
		const struct column *c = &tables[f].column[i];
		const char *field = (const char *)row + c->offset;
		uint32_t u;

		switch (c->kind) {
		case COLUMN_ID:
			memcpy(&u, field, sizeof(u));
			v[i + 1] = STORE_I(u);
			break;
		case COLUMN_SMALL:
		case COLUMN_BOOL:
		case COLUMN_WORD:
			v[i + 1] = STORE_I(*(const uint8_t *)field);
			break;
		case COLUMN_TEXT:
		case COLUMN_DIAL:
		case COLUMN_USER:
		case COLUMN_MAIL:
		case COLUMN_WAYS:
			v[i + 1] = STORE_S(field);
			break;
		case COLUMN_MEMBERS:
			members_text(&((const struct department_row *)row)->d, texts);
			v[i + 1] = STORE_S(texts);
			break;
		}
	}
}
