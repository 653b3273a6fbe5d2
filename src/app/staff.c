#include "app/staff.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "app/delivery.h"
#include "app/source.h"
#include "base/hash.h"
#include "records/delivery.h"

#define STAFF_BIT	 0x80000000u /* accounts count up from 1 */
#define STAFF_HASH_BYTES 32
#define STAFF_RAW_BYTES	 32 /* of chance in a link */
#define STAFF_LEAVERS_MS 60000
#define STAFF_MAILS	 16 /* letters on their way */
#define STAFF_TRIES	 5  /* of a letter: after 5 s, 20 s, 80 s, 320 s */
#define STAFF_RETRY_MS	 5000

struct staff_ask {
	char mail[RECORDS_ADDRESS];
	enum lang lang;
};

struct staff_link {
	unsigned char hash[STAFF_HASH_BYTES];
	uint32_t org, person;
	int64_t until_ms; /* monotonic; 0 free */
};

/* A letter on its way, kept until the mail server has it: many refuse a stranger's first try. */
struct staff_mail {
	struct deliver_item item; /* id 0: free */
	unsigned tries;
	int64_t due_ms; /* monotonic; INT64_MAX: under way */
};

static struct staff_mail mails[STAFF_MAILS]; /* the delivery thread's only */

static struct {
	pthread_mutex_t lock;
	struct staff_ask ask[STAFF_ASKS];
	unsigned head, count;
	struct staff_link link[STAFF_LINKS];
	uint64_t sent;
	atomic_bool possible;
} staff = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool staff_links_possible(void)
{
	return atomic_load(&staff.possible);
}

int staff_link_ask(struct app *a, const char *mail, enum lang lang)
{
	struct staff_ask *ask;
	int err = ENOBUFS;

	pthread_mutex_lock(&staff.lock);
	if (staff.count < STAFF_ASKS) {
		ask = &staff.ask[(staff.head + staff.count++) % STAFF_ASKS];
		TEXT_COPY(ask->mail, mail);
		ask->lang = lang;
		err = 0;
	}
	pthread_mutex_unlock(&staff.lock);
	app_delivery_wake(a);
	return err;
}

static bool ask_take(struct staff_ask *out)
{
	bool taken = false;

	pthread_mutex_lock(&staff.lock);
	if (staff.count) {
		*out = staff.ask[staff.head];
		staff.head = (staff.head + 1) % STAFF_ASKS;
		staff.count--;
		taken = true;
	}
	pthread_mutex_unlock(&staff.lock);
	return taken;
}

/* ---- links ---- */

static void token_hash(const char *token, unsigned char out[STAFF_HASH_BYTES])
{
	crypto_generichash(out, STAFF_HASH_BYTES, (const unsigned char *)token, strlen(token), NULL,
			   0);
}

/* False: the person has enough of them. */
static bool link_make(const struct records_owner *o, char token[STAFF_TOKEN])
{
	const int64_t now_ms = clock_mono_ms();
	unsigned char raw[STAFF_RAW_BYTES];
	struct staff_link *place;
	unsigned of_person = 0;

	randombytes_buf(raw, sizeof(raw));
	sodium_bin2base64(token, STAFF_TOKEN, raw, sizeof(raw),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	pthread_mutex_lock(&staff.lock);
	place = &staff.link[0];
	for (unsigned i = 0; i < STAFF_LINKS; i++) {
		struct staff_link *l = &staff.link[i];

		if (l->until_ms <= now_ms)
			l->until_ms = 0;
		if (l->until_ms < place->until_ms)
			place = l;
		of_person += l->until_ms && l->org == o->org && l->person == o->person;
	}
	if (of_person < STAFF_LINKS_PERSON) {
		token_hash(token, place->hash);
		place->org = o->org;
		place->person = o->person;
		place->until_ms = now_ms + STAFF_LINK_MS;
	}
	pthread_mutex_unlock(&staff.lock);
	return of_person < STAFF_LINKS_PERSON;
}

int staff_link_find(const char *token, bool use, uint32_t *org, uint32_t *person)
{
	const int64_t now_ms = clock_mono_ms();
	unsigned char hash[STAFF_HASH_BYTES];
	int err = ENOENT;

	token_hash(token, hash);
	pthread_mutex_lock(&staff.lock);
	for (unsigned i = 0; i < STAFF_LINKS; i++) {
		struct staff_link *l = &staff.link[i];

		if (l->until_ms <= now_ms || sodium_memcmp(l->hash, hash, sizeof(hash)) != 0)
			continue;
		*org = l->org;
		*person = l->person;
		if (use)
			l->until_ms = 0;
		err = 0;
	}
	pthread_mutex_unlock(&staff.lock);
	return err;
}

/* ---- mails ---- */

static void line(const struct app *a, enum lang lang, struct deliver_item *it, const char *key,
		 const char *value)
{
	char text[CATALOGUE_TEXT + DELIVER_URL];

	catalogue_format(a->catalogue, lang, key, text, sizeof(text), "value", value, NULL);
	text_append(it->text, sizeof(it->text), "%s\n", text);
}

static void compose(const struct app *a, const struct records_owner *o, enum lang lang,
		    const char *link, struct deliver_item *it)
{
	const char *company = "";
	char minutes[8];

	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == o->org)
			company = a->config->measures[i].company;
	memset(it, 0, sizeof(*it));
	it->id = INT64_MIN + (int64_t)++staff.sent; /* neither a way of the outbox nor a report */
	it->channel = DELIVER_MAIL;
	it->at_ms = clock_wall_ms();
	TEXT_COPY(it->address, o->mail);
	TEXT_COPY(it->link, link);
	snprintf(it->key, sizeof(it->key), "zongji-%s-enter-%llu", a->boot,
		 (unsigned long long)staff.sent);
	snprintf(minutes, sizeof(minutes), "%d", STAFF_LINK_MS / 60000);
	catalogue_format(a->catalogue, lang, "delivery.sender", it->sender, sizeof(it->sender),
			 "company", company, NULL);
	TEXT_COPY(it->title, catalogue_text(a->catalogue, lang, "enter.mail.title"));
	line(a, lang, it, "enter.mail.to", o->name);
	line(a, lang, it, "enter.mail.link", link);
	line(a, lang, it, "enter.mail.time", minutes);
	line(a, lang, it, "enter.mail.other", "");
}

struct owners {
	struct records_owner v[RECORDS_OWNERS];
	unsigned count;
};

static int on_owner(const struct records_owner *o, void *arg)
{
	struct owners *list = arg;

	if (list->count < RECORDS_OWNERS)
		list->v[list->count++] = *o;
	return 0;
}

static struct staff_mail *mail_of(int64_t id)
{
	for (unsigned i = 0; i < STAFF_MAILS; i++)
		if (mails[i].item.id == id)
			return &mails[i];
	return NULL;
}

static void mail_try(struct deliver *d, struct staff_mail *m)
{
	m->due_ms = deliver_send(d, &m->item) ? clock_mono_ms() + STAFF_RETRY_MS : INT64_MAX;
}

void staff_link_result(const struct deliver_result *r)
{
	struct staff_mail *m = mail_of(r->id);
	int64_t wait_ms = STAFF_RETRY_MS;

	if (!m)
		return;
	if (r->outcome == DELIVER_OK || deliver_outcome_final(r->outcome) ||
	    ++m->tries >= STAFF_TRIES) {
		if (r->outcome != DELIVER_OK)
			log_warn("app", "a link to sign in isn't sent: %s (%s)",
				 deliver_outcome_name(r->outcome), r->detail);
		sodium_memzero(m, sizeof(*m));
		return;
	}
	for (unsigned i = 1; i < m->tries; i++)
		wait_ms *= 4;
	m->due_ms = clock_mono_ms() + wait_ms;
}

static void send_one(struct app *a, const struct config_delivery *c, struct deliver *d,
		     const struct records_owner *o, enum lang lang)
{
	struct staff_mail *m = mail_of(0);
	char token[STAFF_TOKEN], link[DELIVER_URL];

	if (!m) {
		log_warn("app", "%d letters with links wait: none is sent to person %u",
			 STAFF_MAILS, o->person);
		return;
	}
	if (!link_make(o, token)) {
		log_warn("app", "person %u has asked for many links: no further one is sent",
			 o->person);
		return;
	}
	snprintf(link, sizeof(link), "%.180s/enter/%s", c->link, token);
	compose(a, o, lang, link, &m->item);
	m->tries = 0;
	mail_try(d, m);
	sodium_memzero(token, sizeof(token));
	sodium_memzero(link, sizeof(link));
	log_info("app", "a link to sign in goes to person %u", o->person);
}

static bool still_there(const struct http_identity *who, void *arg)
{
	const struct directory *d = arg;
	const struct directory_person *p;

	if (who->org != d->org || !staff_is(who))
		return true;
	p = directory_person(d, who->person);
	return p && p->name[0];
}

void staff_leavers_out(struct app *a, struct records_db *db, uint32_t org)
{
	const struct directory *d = NULL;

	if (source_lock(a, db, org, &d) == 0)
		http_room_sessions_sift(a->http, still_there, (void *)d);
	source_unlock();
}

static void leavers(struct app *a, struct records_db *db)
{
	static int64_t looked_ms; /* the delivery thread's only */
	const int64_t now_ms = clock_mono_ms();

	if (now_ms - looked_ms < STAFF_LEAVERS_MS)
		return;
	looked_ms = now_ms;
	for (unsigned i = 0; i < a->org_count; i++)
		staff_leavers_out(a, db, a->org[i].id);
}

void staff_links_send(struct app *a, struct records_db *db, const struct config_delivery *c,
		      struct deliver *d)
{
	struct staff_ask ask;

	atomic_store(&staff.possible, c->link[0] && c->deliver.mail.server[0]);
	leavers(a, db);
	for (unsigned i = 0; i < STAFF_MAILS; i++)
		if (mails[i].item.id && mails[i].due_ms <= clock_mono_ms())
			mail_try(d, &mails[i]);
	while (ask_take(&ask)) {
		struct owners found = {.count = 0};
		int err = records_mail_owners(db, ask.mail, on_owner, &found);

		if (err)
			log_warn("app", "a link isn't sent: %s", strerror(err));
		if (!found.count)
			log_info("app", "a link was asked for by an address of nobody's");
		for (unsigned i = 0; i < found.count; i++)
			send_one(a, c, d, &found.v[i], ask.lang);
	}
}

/* ---- identities ---- */

/* Sessions are counted and ended by this number alone; what they may see goes by org and person. */
void staff_identity(uint32_t org, const struct directory_person *p, uint32_t more,
		    struct http_identity *who)
{
	const uint32_t key[] = {org, p->id};

	memset(who, 0, sizeof(*who));
	who->user = STAFF_BIT | (uint32_t)hash_bytes(key, sizeof(key));
	who->org = org;
	who->person = p->id;
	who->roles = API_STAFF | more;
	TEXT_COPY(who->name, p->name);
}

bool staff_is(const struct http_identity *who)
{
	return (who->user & STAFF_BIT) != 0;
}
