/*
 * Interfaces: a struct sip each, with UDP, TCP and TLS on one concrete address, and uplinks for
 * trunks over TLS that need a context of their own (libre has one context a struct sip, and sets
 * neither verification nor SNI). RFC 3261, 18; RFC 5626, 4.4 (CRLF and STUN keep-alives: libre's).
 */
#define USE_OPENSSL /* re_tls.h: tls_openssl_context */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sip/priv.h"

#define TRANSACTION_BUCKETS 32768 /* client, server: power of two */
#define CONNECTION_BUCKETS  4096
#define LISTEN_BACKLOG	    1024
#define LISTEN_SEARCH	    4096 /* descriptors that are looked at for a listening socket */

static void tls_limits(struct tls *tls)
{
	SSL_CTX *ctx = tls_openssl_context(tls);

	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

/* libre listens with a backlog of 5: phones that all come back at once would wait for seconds. The
 * socket is known only by its address. */
static void deepen_backlog(const struct sa *local)
{
	for (int fd = 3; fd < LISTEN_SEARCH; fd++) {
		struct sa sa = {.len = sizeof(sa.u)};
		socklen_t len = sizeof(int);
		int listening = 0;

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) || !listening ||
		    getsockname(fd, &sa.u.sa, &sa.len) || !sa_cmp(&sa, local, SA_ALL))
			continue;
		(void)listen(fd, LISTEN_BACKLOG);
		return;
	}
}

static int add_transport(struct sip_iface *f, enum sip_transport t, uint16_t port)
{
	const char *out_ip = f->config.advertised_ip[0] ? f->config.advertised_ip : f->config.ip;
	int err;

	err = sa_set_str(&f->local[t], f->config.ip, port);
	if (!err)
		err = sa_set_str(&f->advertised[t], out_ip, port);
	if (!err && sa_is_any(&f->local[t]))
		err = EINVAL;
	if (!err)
		err = t == SIP_OVER_UDP ? sip_udp_open(f, &f->local[t])
					: sip_transp_add(f->sip, sip_over_transp(t), &f->local[t],
							 f->tls);
	if (err) {
		log_error("sip", "interface %s: %s port %u (%s): %s", f->config.name, f->config.ip,
			  port, sip_transp_name(sip_over_transp(t)), strerror(err));
		return err;
	}
	if (t != SIP_OVER_UDP)
		deepen_backlog(&f->local[t]);
	f->on[t] = true;
	return 0;
}

/* ---- Interfaces ---- */

static void destructor(void *data)
{
	struct sip_iface *f = data;

	mem_deref(f->requests);
	mem_deref(f->responses);
	mem_deref(f->udp);
	sip_close(f->sip, true);
	mem_deref(f->sip);
	mem_deref(f->tls);
}

static struct sip_iface *iface_new(struct sip_room *r, const struct sip_interface_config *c)
{
	struct sip_iface *f;

	if (r->iface_count >= SIP_IFACES)
		return NULL;
	f = mem_zalloc(sizeof(*f), destructor);
	if (!f)
		return NULL;
	f->room = r;
	f->config = *c;
	f->index = f->parent = (uint8_t)r->iface_count;
	return f;
}

static int iface_start(struct sip_iface *f)
{
	struct sip_room *r = f->room;
	int err;

	err = sip_alloc(&f->sip, NULL, TRANSACTION_BUCKETS, TRANSACTION_BUCKETS, CONNECTION_BUCKETS,
			str_isset(r->config.user_agent) ? r->config.user_agent : NULL, NULL, f);
	if (!err)
		err = sip_listen(&f->requests, f->sip, true, sip_check_request, f);
	if (!err)
		err = sip_listen(&f->responses, f->sip, false, sip_check_response, f);
	return err;
}

static int load_certificate(struct sip_iface *f)
{
	const struct sip_interface_config *c = &f->config;
	int err = tls_alloc(&f->tls, TLS_METHOD_SSLV23, c->tls_cert, NULL);

	if (err)
		log_error("sip", "interface %s: certificate %s: %s", c->name, c->tls_cert,
			  strerror(err));
	else
		tls_limits(f->tls);
	return err;
}

static int add_transports(struct sip_iface *f)
{
	const uint16_t port[SIP_OVER_COUNT] = {f->config.udp_port, f->config.tcp_port,
					       f->config.tls_port};
	bool some = false;
	int err = 0;

	for (int t = 0; !err && t < SIP_OVER_COUNT; t++) {
		if (!port[t])
			continue;
		err = add_transport(f, (enum sip_transport)t, port[t]);
		some = true;
	}
	return err || some ? err : EINVAL;
}

int sip_iface_open(struct sip_room *r, const struct sip_interface_config *c)
{
	struct sip_iface *f = iface_new(r, c);
	int err;

	if (!f)
		return ENOMEM;
	err = iface_start(f);
	if (!err && c->tls_port)
		err = load_certificate(f);
	if (!err)
		err = add_transports(f);
	if (err)
		goto out;
	r->iface[r->iface_count++] = f;
	log_info("sip", "interface %s: %s udp %u tcp %u tls %u", c->name, c->ip, c->udp_port,
		 c->tcp_port, c->tls_port);
out:
	if (err)
		mem_deref(f);
	return err;
}

int sip_room_tls_reload(struct sip_room *r)
{
	int err = 0;

	for (unsigned i = 0; i < r->iface_count; i++) {
		const struct sip_iface *f = r->iface[i];
		const char *path = f->config.tls_cert;
		SSL_CTX *ctx, *trial;

		if (!f->tls || !path[0])
			continue;
		/* Tried first: a context that was given half of it would serve nobody. */
		trial = SSL_CTX_new(TLS_method());
		ctx = tls_openssl_context(f->tls);
		if (!trial || SSL_CTX_use_certificate_chain_file(trial, path) != 1 ||
		    SSL_CTX_use_PrivateKey_file(trial, path, SSL_FILETYPE_PEM) != 1 ||
		    SSL_CTX_use_certificate_chain_file(ctx, path) != 1 ||
		    SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1) {
			log_error("sip", "interface %s: certificate %s can't be used",
				  f->config.name, path);
			err = ENOENT;
		}
		SSL_CTX_free(trial);
	}
	return err;
}

/* ---- Uplinks ---- */

static void sni_handler(const SSL *ssl, int where, int ret)
{
	const struct sip_iface *f = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0);
	(void)ret;

	if ((where & SSL_CB_HANDSHAKE_START) && f && !SSL_is_server(ssl))
		SSL_set_tlsext_host_name((SSL *)ssl, f->uplink_name);
}

static int uplink_context(struct sip_iface *f, const char *name, const char *ca, bool verify)
{
	struct sa literal;
	SSL_CTX *ctx;
	int err;

	err = tls_alloc(&f->tls, TLS_METHOD_SSLV23,
			f->config.tls_cert[0] ? f->config.tls_cert : NULL, NULL);
	if (err)
		return err;
	tls_limits(f->tls);
	ctx = tls_openssl_context(f->tls);
	if (sa_set_str(&literal, name, 1)) {
		SSL_CTX_set_ex_data(ctx, 0, f);
		SSL_CTX_set_info_callback(ctx, sni_handler);
	}
	if (!verify)
		return 0;
	if (ca[0] ? SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1
		  : SSL_CTX_set_default_verify_paths(ctx) != 1)
		return ENOENT;
	if (!sa_set_str(&literal, name, 1))
		X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(ctx), name);
	else
		X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(ctx), name, 0);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return 0;
}

static void uplink_share(struct sip_iface *f, const struct sip_iface *base)
{
	/* What it tells the far side is where the interface itself listens, when it does. */
	if (base->on[SIP_OVER_TLS])
		f->advertised[SIP_OVER_TLS] = base->advertised[SIP_OVER_TLS];
	f->parent = base->index;
}

/* Uplinks last as long as the room: dialogs on them must outlive a change of trunks. */
int sip_iface_uplink(struct sip_iface *base, const char *name, const char *ca, bool verify,
		     struct sip_iface **fp)
{
	struct sip_room *r = base->room;
	struct sip_iface *f;
	char key[sizeof(f->uplink_key)];
	int err;

	re_snprintf(key, sizeof(key), "%s|%s|%s|%d", base->config.name, name, verify ? ca : "",
		    verify);
	for (unsigned i = 0; i < r->iface_count; i++) {
		if (text_eq(r->iface[i]->uplink_key, key)) {
			*fp = r->iface[i];
			return 0;
		}
	}
	f = iface_new(r, &base->config);
	if (!f)
		return ENOMEM;
	TEXT_COPY(f->uplink_key, key);
	TEXT_COPY(f->uplink_name, name);
	err = iface_start(f);
	if (!err)
		err = uplink_context(f, name, ca, verify);
	if (!err)
		err = add_transport(f, SIP_OVER_TLS, 0);
	if (err)
		goto out;
	uplink_share(f, base);
	r->iface[r->iface_count++] = f;
	*fp = f;
out:
	if (err) {
		log_error("sip", "TLS towards %s: %s", name, strerror(err));
		mem_deref(f);
	}
	return err;
}

/* ---- Look-ups ---- */

struct sip_iface *sip_iface_at(struct sip_room *r, unsigned index)
{
	return index < r->iface_count ? r->iface[index] : NULL;
}

struct sip_iface *sip_iface_named(struct sip_room *r, const char *name)
{
	for (unsigned i = 0; i < r->iface_count; i++)
		if (r->iface[i]->parent == i && text_eq(r->iface[i]->config.name, name))
			return r->iface[i];
	return NULL;
}

int sip_iface_contact(const struct sip_iface *f, enum sip_transp tp, const char *user, char *out,
		      size_t cap)
{
	static const char *const param[SIP_OVER_COUNT] = {"", ";transport=tcp", ";transport=tls"};
	enum sip_transport over = sip_transp_over(tp);
	struct pl pl;
	int n;

	if (over == SIP_OVER_COUNT)
		return EPROTONOSUPPORT;
	pl_set_str(&pl, user);
	if (user[0])
		n = re_snprintf(out, cap, "sip:%H@%J%s", uri_user_escape, &pl, &f->advertised[over],
				param[over]);
	else
		n = re_snprintf(out, cap, "sip:%J%s", &f->advertised[over], param[over]);
	return n < 0 || (size_t)n + 1 >= cap ? EOVERFLOW : 0;
}
