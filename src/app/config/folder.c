/* A folder of CSV files: each checked by records, then all against the configuration. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config/cross.h"
#include "app/config/errors.h"
#include "app/config/folder.h"
#include "app/config/schema.h"
#include "app/config/table.h"
#include "base/text.h"

const char *const folder_files[RECORDS_FILES] = {
	[RECORDS_PEOPLE] = "people.csv",
	[RECORDS_DEPARTMENTS] = "departments.csv",
	[RECORDS_EXTENSIONS] = "extensions.csv",
};

struct crossed {
	struct folder_texts t; /* each text has a byte to spare for its table */
	struct table table[RECORDS_FILES];
	struct directory_extension *extensions;
	struct directory_person *people;
	struct directory_department *departments;
};

static int file_read(const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	char *buf = NULL;
	size_t n = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err = errno;
	else if (!S_ISREG(st.st_mode))
		err = EINVAL;
	else if (st.st_size > RECORDS_CSV_BYTES)
		err = EFBIG;
	else if (!(buf = malloc((size_t)st.st_size + 1)))
		err = ENOMEM;
	while (!err && n < (size_t)st.st_size) {
		ssize_t got = read(fd, buf + n, (size_t)st.st_size - n);

		if (got < 0)
			err = errno;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	if (err) {
		free(buf);
		return err;
	}
	*text = buf;
	*len = n;
	return 0;
}

static void file_load(const char *folder, bool whole, struct folder_texts *t,
		      enum records_csv_file i, struct config_errors *errs)
{
	char path[CONFIG_PATH];
	struct config_error *e;
	size_t len = 0;
	int err;

	snprintf(path, sizeof(path), "%.200s/%s", folder, folder_files[i]);
	err = file_read(path, &t->text[i], &len);
	if (!err) {
		t->csv.file[i].data = t->text[i];
		t->csv.file[i].len = len;
	}
	if (!err || (err == ENOENT && !whole))
		return;
	e = errors_add(errs, path, 0, 0, err == EFBIG ? "config.too_large" : "config.unreadable");
	if (err == EFBIG)
		snprintf(e->a, sizeof(e->a), "%u", RECORDS_CSV_BYTES / 1024);
	else
		TEXT_COPY(e->a, strerror(err));
}

int folder_read(const char *folder, bool whole, struct folder_texts *t, struct config_errors *errs)
{
	size_t before = errs->errors;

	memset(t, 0, sizeof(*t));
	for (unsigned i = 0; i < RECORDS_FILES; i++)
		file_load(folder, whole, t, i, errs);
	if (!whole && !t->text[0] && !t->text[1] && !t->text[2])
		TEXT_COPY(errors_add(errs, folder, 0, 0, "config.unreadable")->a, strerror(ENOENT));
	return errs->errors > before ? EINVAL : 0;
}

void folder_free(struct folder_texts *t)
{
	for (unsigned i = 0; i < RECORDS_FILES; i++)
		free(t->text[i]);
	memset(t, 0, sizeof(*t));
}

/* Columns are told by name; a line is all the place that is known. */
static void tell_one(const char *folder, const struct records_csv_error *r,
		     struct config_errors *errs)
{
	char path[CONFIG_PATH], key[48];
	struct config_error *e;

	snprintf(path, sizeof(path), "%.200s/%s", folder, folder_files[r->file]);
	snprintf(key, sizeof(key), "config.%s", records_csv_code_name(r->code));
	e = errors_add(errs, path, r->line, 1, key);
	TEXT_COPY(e->at, r->column);
	TEXT_COPY(e->found, r->found);
	TEXT_COPY(e->a, r->expected);
	TEXT_COPY(e->suggestion, r->suggestion);
	if (r->code == RECORDS_CSV_NUMBER)
		snprintf(e->a, sizeof(e->a), "%lld", (long long)r->expected_min);
	if (r->code == RECORDS_CSV_FIELD_COUNT)
		snprintf(e->a, sizeof(e->a), "%lld", (long long)r->expected_max);
	if (r->code == RECORDS_CSV_COLUMN_MISSING && !e->a[0])
		TEXT_COPY(e->a, r->column);
	snprintf(e->b, sizeof(e->b), "%lld",
		 (long long)(r->other_line ? r->other_line : r->expected_max));
}

void folder_tell(const char *folder, const struct records_csv_errors *found,
		 struct config_errors *errs)
{
	uint32_t n = found->count < RECORDS_CSV_ERRORS ? found->count : RECORDS_CSV_ERRORS;

	for (uint32_t i = 0; i < n; i++)
		tell_one(folder, &found->v[i], errs);
	errs->errors += found->count - n;
	errs->dropped += found->count - n;
}

static void csv_check(const char *folder, const struct records_csv *csv,
		      struct config_errors *errs)
{
	struct records_csv_errors *found = calloc(1, sizeof(*found));

	if (!found)
		return;
	records_csv_check(csv, found);
	folder_tell(folder, found, errs);
	free(found);
}

static uint32_t number_of(const struct table *t, unsigned row, const char *column)
{
	return (uint32_t)strtoul(table_field(t, row, column), NULL, 10);
}

static uint8_t post_of(const char *s)
{
	for (uint8_t i = 0; i < POST_COUNT; i++)
		if (text_eq(s, schema_posts[i]))
			return i;
	return POST_EMPLOYEE;
}

static unsigned words_of(const char *s)
{
	unsigned n = 0;

	for (s += strspn(s, " "); *s; s += strspn(s, " ")) {
		n++;
		s += strcspn(s, " ");
	}
	return n;
}

/* As much of the directory as cross_check looks at. */
static int directory_make(struct crossed *f, struct directory *d)
{
	const struct table *p = &f->table[RECORDS_PEOPLE], *g = &f->table[RECORDS_DEPARTMENTS],
			   *x = &f->table[RECORDS_EXTENSIONS];

	f->people = calloc(p->rows + 1, sizeof(*f->people));
	f->departments = calloc(g->rows + 1, sizeof(*f->departments));
	f->extensions = calloc(x->rows + 1, sizeof(*f->extensions));
	if (!f->people || !f->departments || !f->extensions)
		return ENOMEM;
	for (unsigned i = 0; i < p->rows; i++) {
		f->people[i].id = number_of(p, i, "id");
		TEXT_COPY(f->people[i].name, table_field(p, i, "name"));
		f->people[i].extension = number_of(p, i, "extension");
		f->people[i].secretary = number_of(p, i, "secretary");
		f->people[i].post = post_of(table_field(p, i, "post"));
	}
	for (unsigned i = 0; i < g->rows; i++) {
		f->departments[i].id = number_of(g, i, "id");
		TEXT_COPY(f->departments[i].name, table_field(g, i, "name"));
		TEXT_COPY(f->departments[i].number, table_field(g, i, "number"));
		f->departments[i].member_count = (uint8_t)words_of(table_field(g, i, "members"));
		f->departments[i].hours = (uint8_t)number_of(g, i, "hours");
		f->departments[i].announce = (uint8_t)number_of(g, i, "announce");
	}
	for (unsigned i = 0; i < x->rows; i++) {
		f->extensions[i].id = number_of(x, i, "id");
		TEXT_COPY(f->extensions[i].number, table_field(x, i, "number"));
	}
	*d = (struct directory){.extensions = f->extensions,
				.extension_count = x->rows,
				.people = f->people,
				.person_count = p->rows,
				.departments = f->departments,
				.department_count = g->rows};
	return 0;
}

static void crossed_free(struct crossed *f)
{
	folder_free(&f->t);
	for (unsigned i = 0; i < RECORDS_FILES; i++)
		table_free(&f->table[i]);
	free(f->people);
	free(f->departments);
	free(f->extensions);
}

void config_folder_check(const struct config *c, unsigned organisation, const char *folder,
			 struct config_errors *errs)
{
	struct crossed f = {0};
	struct cross_lines lines = {.folder = folder};
	struct directory d;
	struct stat st;

	if (stat(folder, &st) < 0 && errno == ENOENT && c) {
		errors_warn(errs, folder, 0, 0, "config.dir.folder");
		return;
	}
	folder_read(folder, true, &f.t, errs);
	csv_check(folder, &f.t.csv, errs);
	for (unsigned i = 0; c && i < RECORDS_FILES; i++) {
		char *text = f.t.text[i];

		f.t.text[i] = NULL; /* the table's from now on */
		if (!text || table_parse(&f.table[i], text, f.t.csv.file[i].len))
			goto out;
	}
	if (!c || directory_make(&f, &d))
		goto out;
	lines.extensions = f.table[RECORDS_EXTENSIONS].lines;
	lines.people = f.table[RECORDS_PEOPLE].lines;
	lines.departments = f.table[RECORDS_DEPARTMENTS].lines;
	cross_check(c, organisation, &d, &lines, errs);
out:
	crossed_free(&f);
}
