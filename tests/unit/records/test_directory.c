/* The directory: import whole or not at all, every error at once, history, export, snapshot. */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "records/accounts.h"
#include "records/directory.h"

static struct records_csv_errors errors;
static struct records_import_counts counts;

#define PEOPLE	    "id,name,reading,title,department,extension,post,secretary,deputy,disclosure\n"
#define DEPARTMENTS "id,name,reading,number,strategy,members,hours,announce,disclosure\n"
#define EXTENSIONS                                                                                 \
	"id,number,user,person,department,class,call_waiting,pickup_group,forward_always,"         \
	"forward_busy,forward_no_answer,algorithm\n"

static const char people[] =
    PEOPLE "1,张三丰,zhang1 san1 feng1,工程部经理,1,101,,,2,all\n"
	   "2,\"朱善富\",zhu1 shan4 fu4,\"总经理, 集团\",,102,general_manager,1,,inside\n";
static const char departments[] =
    DEPARTMENTS "1,工程部,gong1 cheng2 bu4,8310,in_turn,101 102,0,3,all\n";
static const char extensions[] = EXTENSIONS "101,8312,mc8312,1,,national,0,7,,,,md5\n"
					    "102,0801,mc0801,2,,international,1,,8312,,,sha-256\n";

static struct records_csv csv(const char *p, const char *d, const char *e)
{
	return (struct records_csv){
	    .file = {{p, p ? strlen(p) : 0}, {d, d ? strlen(d) : 0}, {e, e ? strlen(e) : 0}}};
}

static int import(uint32_t org, const char *p, const char *d, const char *e)
{
	const struct records_csv c = csv(p, d, e);

	memset(&counts, 0, sizeof(counts));
	return records_directory_import(w.db, org, &c, "tester", 1000, &errors, &counts);
}

static void error_is(unsigned i, enum records_csv_code code, enum records_csv_file f, uint32_t line,
		     const char *column, const char *found)
{
	assert_true(i < errors.count);
	if (errors.v[i].code != code || errors.v[i].line != line)
		print_error("error %u is %s line %u %s \"%s\"\n", i,
			    records_csv_code_name(errors.v[i].code), errors.v[i].line,
			    errors.v[i].column, errors.v[i].found);
	assert_int_equal(errors.v[i].code, code);
	assert_int_equal(errors.v[i].file, f);
	assert_int_equal(errors.v[i].line, line);
	assert_string_equal(errors.v[i].column, column);
	assert_string_equal(errors.v[i].found, found);
}

static void load(uint32_t org, struct directory **d)
{
	char clash[64];

	assert_int_equal(records_directory_load(w.db, org, d, clash, sizeof(clash)), 0);
}

/* --- import and snapshot --- */

static void an_import_becomes_a_snapshot(void **state)
{
	struct directory *d = NULL;
	const struct directory_person *p;
	const struct directory_extension *e;
	const struct directory_department *dep;

	assert_int_equal(import(1, people, departments, extensions), 0);
	assert_int_equal(counts.added, 5);
	load(1, &d);
	assert_int_equal(d->person_count, 2);
	assert_int_equal(d->org, 1);
	p = directory_person(d, 2);
	assert_non_null(p);
	assert_string_equal(p->name, "朱善富");
	assert_string_equal(p->title, "总经理, 集团");
	assert_int_equal(p->post, POST_GENERAL_MANAGER);
	assert_int_equal(p->secretary, 1);
	assert_int_equal(p->disclosure, DISCLOSE_INSIDE);
	e = directory_extension(d, 102);
	assert_string_equal(e->number, "0801");
	assert_int_equal(e->service_class, CLASS_INTERNATIONAL);
	assert_true(e->call_waiting);
	assert_string_equal(e->forward_always, "8312");
	dep = directory_department(d, 1);
	assert_int_equal(dep->strategy, GROUP_IN_TURN);
	assert_int_equal(dep->member_count, 2);
	assert_int_equal(dep->members[1], 102);
	assert_int_equal(dep->announce, 3);
	assert_int_equal(directory_number(d, "0801").id, 102);
	assert_int_equal(directory_number(d, "801").kind, TARGET_NONE);
	records_directory_free(d);
}

static void an_empty_directory_loads(void **state)
{
	struct directory *d = NULL;

	load(44, &d);
	assert_int_equal(d->person_count, 0);
	assert_int_equal(directory_number(d, "8312").kind, TARGET_NONE);
	records_directory_free(d);
}

static void two_organisations_have_the_same_number(void **state)
{
	struct directory *d = NULL;

	assert_int_equal(import(1, people, departments, extensions), 0);
	assert_int_equal(import(2, NULL, NULL, EXTENSIONS "101,8312,bp8312,,,,,,,,,\n"), 0);
	load(2, &d);
	assert_int_equal(directory_number(d, "8312").id, 101);
	assert_int_equal(d->person_count, 0);
	records_directory_free(d);
}

static void a_sip_user_belongs_to_one_organisation(void **state)
{
	struct directory *d = NULL;

	assert_int_equal(import(1, people, departments, extensions), 0);
	assert_int_equal(import(2, NULL, NULL,
				EXTENSIONS "5,9000,ok,,,,,,,,,\n"
					   "6,9001,mc8312,,,,,,,,,\n"),
			 EINVAL);
	assert_int_equal(errors.count, 1);
	error_is(0, RECORDS_CSV_USER_ELSEWHERE, RECORDS_EXTENSIONS, 3, "user", "mc8312");
	load(2, &d);
	assert_int_equal(d->extension_count, 0);
	records_directory_free(d);
}

static int count_change(const struct records_change *c, void *arg)
{
	int *n = arg;

	(*n)++;
	assert_string_equal(c->by, "tester");
	if (*n == 1) { /* the newest: only what the second import changed */
		assert_string_equal(c->what, "extension");
		assert_int_equal(c->item, 102);
		assert_non_null(strstr(c->before, "\"0801\""));
		assert_non_null(strstr(c->after, "\"8801\""));
	}
	return 0;
}

static void a_second_import_changes_what_differs(void **state)
{
	uint32_t before = 0, after = 0;
	int changes = 0;

	assert_int_equal(import(1, people, departments, extensions), 0);
	assert_int_equal(import(1, people, departments, extensions), 0);
	assert_int_equal(counts.added + counts.changed + counts.removed, 0);
	records_directory_version(w.db, 1, &before);
	assert_int_equal(import(1, NULL, NULL,
				EXTENSIONS "101,8312,mc8312,1,,national,0,7,,,,md5\n"
					   "102,8801,mc0801,2,,international,1,,8312,,,sha-256\n"),
			 0);
	assert_int_equal(counts.changed, 1);
	assert_int_equal(counts.removed, 0);
	records_directory_version(w.db, 1, &after);
	assert_int_equal(after, before + 1);
	assert_int_equal(records_history(w.db, 1, 0, 0, count_change, &changes), 0);
	assert_int_equal(changes, 6);
}

static void missing_rows_are_removed(void **state)
{
	struct directory *d = NULL;

	assert_int_equal(import(1, people, departments, extensions), 0);
	assert_int_equal(import(1, PEOPLE "1,张三丰,,,1,101,,,,\n", NULL, NULL), EINVAL);
	error_is(0, RECORDS_CSV_REFERENCE, RECORDS_EXTENSIONS, 0, "person", "2");
	assert_int_equal(import(1, PEOPLE "1,张三丰,,,1,101,,,,\n", NULL,
				EXTENSIONS "101,8312,mc8312,1,,,,,,,,\n102,0801,mc0801,,,,,,,,,\n"),
			 0);
	assert_int_equal(counts.removed, 1);
	load(1, &d);
	assert_null(directory_person(d, 2));
	records_directory_free(d);
}

static int one_credential(const struct records_credential *c, void *arg)
{
	struct records_credential *out = arg;

	out[c->extension - 101] = *c;
	return 0;
}

static void secrets_stay_and_go_with_their_user(void **state)
{
	struct records_credential c[2];

	assert_int_equal(import(1, people, departments, extensions), 0);
	/* RFC 7616, 3.9.1 has another user; these were computed with openssl. */
	assert_int_equal(records_extension_secret_set(w.db, 1, 101, "realm", "secret", "t"), 0);
	assert_int_equal(records_extension_secret_set(w.db, 1, 102, "realm", "secret", "t"), 0);
	assert_int_equal(records_extension_secret_set(w.db, 1, 999, "realm", "secret", "t"),
			 ENOENT);
	assert_int_equal(records_extension_secret_set(w.db, 1, 101, "realm", "", "t"), EINVAL);
	assert_int_equal(records_credentials(w.db, 1, one_credential, c), 0);
	assert_string_equal(c[0].user, "mc8312");
	assert_int_equal(strlen(c[0].ha1_md5), 32);
	assert_int_equal(strlen(c[0].ha1_sha256), 64);
	assert_string_equal(c[0].ha1_md5, "31a8aceedc0faa7fba3d9ddfb195ee8e");
	assert_int_equal(c[1].algorithm, RECORDS_SHA256);
	/* The number changes: the secret stays. The user names are swapped: both go. */
	assert_int_equal(import(1, NULL, NULL,
				EXTENSIONS "101,8399,mc8312,1,,,,,,,,\n"
					   "102,0801,mc0801,2,,,,,,,,\n"),
			 0);
	assert_int_equal(records_credentials(w.db, 1, one_credential, c), 0);
	assert_int_equal(strlen(c[0].ha1_md5), 32);
	assert_int_equal(import(1, NULL, NULL,
				EXTENSIONS "101,8399,mc0801,1,,,,,,,,\n"
					   "102,0801,mc8312,2,,,,,,,,\n"),
			 0);
	assert_int_equal(records_credentials(w.db, 1, one_credential, c), 0);
	assert_string_equal(c[0].user, "mc0801");
	assert_string_equal(c[0].ha1_md5, "");
	assert_string_equal(c[1].ha1_sha256, "");
}

/* --- what is wrong --- */

static void every_error_is_told_at_once(void **state)
{
	const struct records_csv c = csv(PEOPLE "1,,x,,9,101,,,,\n"
						"x,王,,,,,generl_manager,,,al\n"
						"1,李,,,,,general_manager,77,,\n"
						"4,赵,,,,,general_manager,,,\n"
						"5,短\n",
					 DEPARTMENTS "1,工程部,,83a,,101 x 101,16,256,\n",
					 EXTENSIONS "101,8312,a b,1,1,,2,,,,,md4\n"
						    "102,8312,mc,,,,,,,,,\n"
						    "1234567890,8313,mc,,,,,,,,,\n");

	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_REQUIRED, RECORDS_PEOPLE, 2, "name", "");
	error_is(1, RECORDS_CSV_NUMBER, RECORDS_PEOPLE, 3, "id", "x");
	error_is(2, RECORDS_CSV_WORD, RECORDS_PEOPLE, 3, "post", "generl_manager");
	assert_string_equal(errors.v[2].suggestion, "general_manager");
	error_is(3, RECORDS_CSV_WORD, RECORDS_PEOPLE, 3, "disclosure", "al");
	assert_string_equal(errors.v[3].suggestion, "all");
	assert_string_equal(errors.v[3].expected, "all inside none");
	error_is(4, RECORDS_CSV_FIELD_COUNT, RECORDS_PEOPLE, 6, "", "2");
	assert_int_equal(errors.v[4].expected_min, 10);
	error_is(5, RECORDS_CSV_DIALABLE, RECORDS_DEPARTMENTS, 2, "number", "83a");
	error_is(6, RECORDS_CSV_NUMBER, RECORDS_DEPARTMENTS, 2, "members", "x");
	error_is(7, RECORDS_CSV_NUMBER, RECORDS_DEPARTMENTS, 2, "hours", "16");
	assert_int_equal(errors.v[7].expected_max, 15);
	error_is(8, RECORDS_CSV_NUMBER, RECORDS_DEPARTMENTS, 2, "announce", "256");
	error_is(9, RECORDS_CSV_USER, RECORDS_EXTENSIONS, 2, "user", "a b");
	error_is(10, RECORDS_CSV_NUMBER, RECORDS_EXTENSIONS, 2, "call_waiting", "2");
	error_is(11, RECORDS_CSV_WORD, RECORDS_EXTENSIONS, 2, "algorithm", "md4");
	error_is(12, RECORDS_CSV_NUMBER, RECORDS_EXTENSIONS, 4, "id", "1234567890");
	error_is(13, RECORDS_CSV_TWICE, RECORDS_PEOPLE, 4, "id", "1");
	assert_int_equal(errors.v[13].other_line, 2);
	error_is(14, RECORDS_CSV_TWICE, RECORDS_EXTENSIONS, 3, "number", "8312");
	error_is(15, RECORDS_CSV_TWICE, RECORDS_EXTENSIONS, 4, "user", "mc");
	error_is(16, RECORDS_CSV_POST, RECORDS_PEOPLE, 5, "post", "general_manager");
	error_is(17, RECORDS_CSV_REFERENCE, RECORDS_PEOPLE, 2, "department", "9");
	assert_string_equal(errors.v[17].expected, "departments.csv");
	error_is(18, RECORDS_CSV_REFERENCE, RECORDS_PEOPLE, 4, "secretary", "77");
	error_is(19, RECORDS_CSV_OWNER, RECORDS_EXTENSIONS, 2, "department", "8312");
	assert_int_equal(errors.count, 20);
}

static void a_number_names_one_thing(void **state)
{
	const struct records_csv c =
	    csv(NULL, DEPARTMENTS "1,工程部,,8312,,,,,\n", EXTENSIONS "101,8312,a,,,,,,,,,\n");

	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_TWICE, RECORDS_EXTENSIONS, 2, "number", "8312");
	assert_string_equal(errors.v[0].expected, "departments.csv");
}

static void headers_are_checked(void **state)
{
	struct records_csv c = csv("id,nme,name,name,title\n1,a,b,c,d\n", NULL, NULL);

	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_COLUMN_UNKNOWN, RECORDS_PEOPLE, 1, "nme", "nme");
	assert_string_equal(errors.v[0].suggestion, "name");
	error_is(1, RECORDS_CSV_COLUMN_TWICE, RECORDS_PEOPLE, 1, "name", "name");
	assert_int_equal(errors.count, 2);
	c = csv("", "id\n", "number;user\n");
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_COLUMN_MISSING, RECORDS_PEOPLE, 1, "id", "");
	error_is(1, RECORDS_CSV_COLUMN_MISSING, RECORDS_DEPARTMENTS, 1, "name", "");
	error_is(2, RECORDS_CSV_COLUMN_UNKNOWN, RECORDS_EXTENSIONS, 1, "number;user",
		 "number;user");
}

static void columns_may_be_in_any_order(void **state)
{
	const struct records_csv c = csv("\xef\xbb\xbf"
					 "name,id\r\n王,1\r\n\r\n\"李\n四\",2",
					 NULL, NULL);

	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_CONTROL, RECORDS_PEOPLE, 4, "name", "");
	assert_int_equal(errors.count, 1);
}

static void broken_files_are_told(void **state)
{
	struct records_csv c = csv("id,name\n1,\"a", NULL, NULL);

	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_QUOTE, RECORDS_PEOPLE, 2, "", "");
	c = csv("id,name\n1,\"a\"b\n", NULL, NULL);
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_QUOTE, RECORDS_PEOPLE, 2, "", "");
	c = csv("id,name\n1,a\n2,\xd5\xc5\n", NULL, NULL);
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_NOT_UTF8, RECORDS_PEOPLE, 3, "", "");
	c = csv("id,name\n1,a\n", NULL, NULL);
	c.file[0].len = 12;
	c.file[0].data = "id,name\n1,\0\n";
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_NOT_UTF8, RECORDS_PEOPLE, 2, "", "");
}

static void limits_hold(void **state)
{
	const size_t big = RECORDS_CSV_BYTES + 1;
	char *text = malloc(big);
	struct records_csv c = csv(NULL, NULL, NULL);
	size_t n;

	memset(text, 'x', big);
	c.file[0] = (struct records_csv_text){text, big};
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_TOO_BIG, RECORDS_PEOPLE, 0, "", "");
	/* More rows than allowed, more errors than the table has. */
	n = (size_t)sprintf(text, "id,name\n");
	for (int i = 0; i <= RECORDS_CSV_ROWS; i++)
		n += (size_t)sprintf(text + n, "%d,a\n", i + 1);
	c.file[0].len = n;
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	error_is(0, RECORDS_CSV_TOO_BIG, RECORDS_PEOPLE, RECORDS_CSV_ROWS + 2, "", "");
	n = (size_t)sprintf(text, "id,name\n");
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, "x,a\n");
	c.file[0].len = n;
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	assert_int_equal(errors.count, 1000);
	/* Many columns. */
	n = 0;
	for (int i = 0; i < 500; i++)
		n += (size_t)sprintf(text + n, "c%d,", i);
	c.file[0].len = n;
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	free(text);
	c = csv(PEOPLE "1,一二三四五六七八九十一二三四五六七八九"
		       "十一二三四五,,,,,,,,\n",
		DEPARTMENTS "1,a,,,,1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17,,,\n", NULL);
	assert_int_equal(records_csv_check(&c, &errors), EINVAL);
	assert_int_equal(errors.v[0].code, RECORDS_CSV_TOO_LONG);
	assert_int_equal(errors.v[0].expected_max, DIRECTORY_NAME - 1);
	assert_int_equal(errors.v[1].code, RECORDS_CSV_MEMBERS);
}

static void a_refused_import_changes_nothing(void **state)
{
	struct directory *d = NULL;

	assert_int_equal(import(1, people, departments, extensions), 0);
	assert_int_equal(import(1, PEOPLE "1,新,,,,,,,,\n2,,,,,,,,,\n", NULL, NULL), EINVAL);
	load(1, &d);
	assert_string_equal(directory_person(d, 1)->name, "张三丰");
	records_directory_free(d);
}

/* --- export --- */

static void an_export_comes_back_the_same(void **state)
{
	char *text[RECORDS_FILES] = {NULL};
	size_t len[RECORDS_FILES];
	struct records_csv c;

	assert_int_equal(import(1,
				PEOPLE "1,\"=cmd|' /C calc'!A0\",\"a \"\"b\"\", c\",+1,,,,,,\n"
				       "2,''quoted,,-x,,,,,,\n",
				departments,
				EXTENSIONS "101,0012,u,1,,,,,,,,\n102,0801,v,2,,,,,,,,\n"),
			 0);
	for (unsigned f = 0; f < RECORDS_FILES; f++)
		assert_int_equal(records_directory_export(w.db, 1, f, &text[f], &len[f]), 0);
	assert_non_null(strstr(text[RECORDS_PEOPLE], "\"'=cmd"));
	assert_non_null(strstr(text[RECORDS_PEOPLE], "\"'+1\""));
	assert_non_null(strstr(text[RECORDS_EXTENSIONS], ",0012,"));
	for (unsigned f = 0; f < RECORDS_FILES; f++)
		c.file[f] = (struct records_csv_text){text[f], len[f]};
	assert_int_equal(records_directory_import(w.db, 1, &c, "tester", 2000, &errors, &counts),
			 0);
	assert_int_equal(counts.added + counts.changed + counts.removed, 0);
	for (unsigned f = 0; f < RECORDS_FILES; f++)
		free(text[f]);
}

static char *slurp(const char *org, const char *name, struct records_csv_text *t)
{
	const char *root = getenv("ZONGJI_SOURCE");
	char path[512], *data;
	FILE *f;

	snprintf(path, sizeof(path), "%s/config/sample/%s/%s", root ? root : ".", org, name);
	f = fopen(path, "r");
	if (!f)
		return NULL;
	data = malloc(1 << 20);
	t->len = fread(data, 1, 1 << 20, f);
	t->data = data;
	fclose(f);
	return data;
}

static void the_sample_imports(void **state)
{
	static const char *const orgs[] = {"mou-cheng", "bei-po"};
	static const char *const files[] = {"people.csv", "departments.csv", "extensions.csv"};
	struct directory *d = NULL;

	for (unsigned o = 0; o < 2; o++) {
		struct records_csv c;
		int err;

		for (unsigned f = 0; f < RECORDS_FILES; f++) {
			if (!slurp(orgs[o], files[f], &c.file[f])) {
				skip();
				return;
			}
		}
		err = records_directory_import(w.db, o + 1, &c, "sample", 1, &errors, &counts);
		for (unsigned i = 0; i < errors.count; i++)
			print_error("%s %s:%u %s %s \"%s\"\n", orgs[o], files[errors.v[i].file],
				    errors.v[i].line, records_csv_code_name(errors.v[i].code),
				    errors.v[i].column, errors.v[i].found);
		assert_int_equal(err, 0);
		for (unsigned f = 0; f < RECORDS_FILES; f++)
			free((void *)(uintptr_t)c.file[f].data);
		load(o + 1, &d);
		assert_int_equal(directory_number(d, "8312").kind, TARGET_EXTENSION);
		records_directory_free(d);
	}
}

static int count_org(const struct records_org *o, void *arg)
{
	(*(int *)arg)++;
	assert_string_equal(o->name, "某城集团");
	assert_int_equal(o->kind, ORG_CONTROLLED);
	return 0;
}

static void organisations_are_kept(void **state)
{
	struct records_org o = {.id = 7, .kind = ORG_HEADQUARTERS};
	int n = 0;

	TEXT_COPY(o.name, "某城");
	assert_int_equal(records_org_set(w.db, &o, "t"), 0);
	TEXT_COPY(o.name, "某城集团");
	o.kind = ORG_CONTROLLED;
	assert_int_equal(records_org_set(w.db, &o, "t"), 0);
	assert_int_equal(records_orgs(w.db, count_org, &n), 0);
	assert_int_equal(n, 1);
	o.id = 0;
	assert_int_equal(records_org_set(w.db, &o, "t"), EINVAL);
}

/* --- accounts --- */

static struct records_account account(const char *name)
{
	struct records_account a = {.org = 1, .role = RECORDS_OPERATOR, .enabled = true};

	TEXT_COPY(a.name, name);
	return a;
}

static void accounts_sign_in(void **state)
{
	struct records_account a = account("李敏"), out;
	int64_t id = 0;

	assert_int_equal(records_account_add(w.db, &a, "short", "t", &id), EINVAL);
	assert_int_equal(records_account_add(w.db, &a, "密码很长很安全", "t", &id), EINVAL);
	assert_int_equal(records_account_add(w.db, &a, "密码很长很安全的", "t", &id), 0);
	assert_int_equal(records_account_add(w.db, &a, "密码很长很安全的", "t", &id), EEXIST);
	assert_int_equal(records_sign_in(w.db, "李敏", "密码很长很安全的", &out), 0);
	assert_int_equal(out.id, id);
	assert_int_equal(out.role, RECORDS_OPERATOR);
	assert_int_equal(records_sign_in(w.db, "李敏", "wrong password", &out), EACCES);
	assert_int_equal(records_sign_in(w.db, "nobody", "wrong password", &out), EACCES);
	assert_int_equal(records_sign_in(w.db, "' OR '1'='1", "x", &out), EACCES);
	assert_int_equal(records_sign_in(w.db, "\xff", "x", &out), EACCES);
	assert_int_equal(records_account_password(w.db, "李敏", "new password", "t"), 0);
	assert_int_equal(records_account_password(w.db, "nobody", "new password", "t"), ENOENT);
	assert_int_equal(records_sign_in(w.db, "李敏", "密码很长很安全的", &out), EACCES);
	assert_int_equal(records_sign_in(w.db, "李敏", "new password", &out), 0);
	a.enabled = false;
	assert_int_equal(records_account_set(w.db, &a, "t"), 0);
	assert_int_equal(records_sign_in(w.db, "李敏", "new password", &out), EACCES);
	a = account("");
	assert_int_equal(records_account_add(w.db, &a, "long password", "t", NULL), EINVAL);
}

static void roles_have_names(void **state)
{
	enum records_role r;

	assert_int_equal(records_role_parse("manager", &r), 0);
	assert_int_equal(r, RECORDS_MANAGER);
	assert_int_equal(records_role_parse("god", &r), EINVAL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)
	const struct CMUnitTest tests[] = {
	    T(an_import_becomes_a_snapshot),
	    T(an_empty_directory_loads),
	    T(two_organisations_have_the_same_number),
	    T(a_sip_user_belongs_to_one_organisation),
	    T(a_second_import_changes_what_differs),
	    T(missing_rows_are_removed),
	    T(secrets_stay_and_go_with_their_user),
	    T(every_error_is_told_at_once),
	    T(a_number_names_one_thing),
	    T(headers_are_checked),
	    T(columns_may_be_in_any_order),
	    T(broken_files_are_told),
	    T(limits_hold),
	    T(a_refused_import_changes_nothing),
	    T(an_export_comes_back_the_same),
	    T(the_sample_imports),
	    T(organisations_are_kept),
	    T(accounts_sign_in),
	    T(roles_have_names),
	};

	return world_main(tests, sizeof(tests) / sizeof(tests[0]));
}
