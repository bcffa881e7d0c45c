# bpfstatsd for BSD make and bsd.prog.mk: OpenBSD, FreeBSD and NetBSD.
# GNU make reads GNUmakefile; regress/cross/run takes its lists from here.

PROG=		bpfstatsd
SRCS=		args.c bpfstatsd.c child.c clock.c config.c control.c \
		count.c counter.c counter_bpf.c engine.c file.c filter.c \
		iface_route.c log.c parse.y poller.c print.c privs.c \
		program.c rule.c run.c show.c state.c
MAN=		bpfstatsctl.8 bpfstatsd.8 bpfstatsd.conf.5

# The helper, which alone needs libpcap.
FILTER=		bpfstatsd-filter
FILTER_SRCS=	${.CURDIR}/bpfstatsd-filter.c

# The client of the control socket.
CTL=		bpfstatsctl
CTL_SRCS=	${.CURDIR}/bpfstatsctl.c

# What a libc lacks.
SRCS_FreeBSD=	pledge_freebsd.c syslog.c
SRCS_NetBSD=	getifaddrs_netbsd.c if_nametoindex_netbsd.c pledge_none.c \
		syslog.c
DEFS_NetBSD=	-D_OPENBSD_SOURCE

DIAG=		-Wall -Wstrict-prototypes -Wmissing-prototypes \
		-Wmissing-declarations -Wshadow -Wpointer-arith -Wcast-qual \
		-Wsign-compare -Wno-unused-parameter

OS!=		uname -s
LOCALBASE?=	/usr/local
BINDIR?=	${LOCALBASE}/bin
LIBEXECDIR?=	${LOCALBASE}/libexec
STATEDIR?=	/var/db/bpfstatsd
EXAMPLESDIR?=	${LOCALBASE}/share/examples/bpfstatsd

# Any user may run one rule: see "make SETUID=no install" in README.md.
SETUID?=	yes
.if ${SETUID} == "no"
BINMODE=	555
.else
BINMODE=	4555
.endif

CFLAGS+=	${DIAG} -I${.CURDIR} -DLIBEXECDIR='"${LIBEXECDIR}"' \
		-DSTATEDIR='"${STATEDIR}"'
.if ${OS} != "OpenBSD"
FILTER_SRCS+=	${.CURDIR}/compat/getaddrinfo_filter.c \
		${.CURDIR}/compat/pledge_filter_bsd.c
CTL_SRCS+=	${.CURDIR}/compat/pledge_none.c
CFLAGS+=	-include ${.CURDIR}/compat/compat.h ${DEFS_${OS}}
SRCS+=		${SRCS_${OS}}
.PATH:		${.CURDIR}/compat
.endif

.if ${OS} == "FreeBSD"
CFLAGS+=	-I${LOCALBASE}/include
LDFLAGS+=	-L${LOCALBASE}/lib
WITHOUT_DEBUG_FILES=	yes
.endif

.if ${OS} == "NetBSD"
MANDIR?=	${LOCALBASE}/man
MANSECT=	${MANDIR}/man
MKHTML=		no
NOGCCERROR=	yes
.else
MANDIR?=	${LOCALBASE}/man/man
MANSECT=	${MANDIR}
.endif

# The script for rc.d(8); "RCDIR=" installs none.
RCDIR_FreeBSD=	${LOCALBASE}/etc/rc.d
RCDIR_NetBSD=	/etc/rc.d
RCDIR_OpenBSD=	/etc/rc.d
RCDIR?=		${RCDIR_${OS}}
RC_FreeBSD=	packaging/freebsd/bpfstatsd
RC_NetBSD=	packaging/netbsd/bpfstatsd
RC_OpenBSD=	rc/bpfstatsd

LDADD+=		-levent
DPADD+=		${LIBEVENT}

# parse.y keeps its lexer: nobody needs a header with its tokens.
YFLAGS=

CLEANFILES+=	${FILTER} ${CTL}

all: ${FILTER} ${CTL}

.include <bsd.prog.mk>

${FILTER}: ${FILTER_SRCS} ${.CURDIR}/filter.h
	${CC} ${CFLAGS} ${LDFLAGS} -o $@ ${FILTER_SRCS} -lpcap

${CTL}: ${CTL_SRCS} ${.CURDIR}/control.h
	${CC} ${CFLAGS} ${LDFLAGS} -o $@ ${CTL_SRCS}

# For the tests: the programs in DIR, where the one looks for the other.
beside: ${PROG} ${FILTER} ${CTL}
	${CC} ${CFLAGS} -ULIBEXECDIR -DLIBEXECDIR='"${DIR}"' ${LDFLAGS} \
	    -o ${DIR}/${PROG} ${.CURDIR}/filter.c ${OBJS:Nfilter.o} ${LDADD}
	cp ${FILTER} ${CTL} ${DIR}

beforeinstall:
	mkdir -p ${DESTDIR}${BINDIR} ${DESTDIR}${LIBEXECDIR} \
	    ${DESTDIR}${MANSECT}5 ${DESTDIR}${MANSECT}8
	install -m 555 ${FILTER} ${DESTDIR}${LIBEXECDIR}
	install -m 555 ${CTL} ${DESTDIR}${BINDIR}

afterinstall:
	mkdir -p ${DESTDIR}${EXAMPLESDIR} ${DESTDIR}${STATEDIR}
	chmod 700 ${DESTDIR}${STATEDIR}
	cd ${.CURDIR}/etc && install -m 444 *.conf examples/*.conf examples/*.sh \
	    ${DESTDIR}${EXAMPLESDIR}
.if !empty(RCDIR)
	mkdir -p ${DESTDIR}${RCDIR}
	sed 's,/usr/local/bin/,${BINDIR}/,' ${.CURDIR}/${RC_${OS}} \
	    >${DESTDIR}${RCDIR}/bpfstatsd
	chmod 555 ${DESTDIR}${RCDIR}/bpfstatsd
.endif

.PHONY: afterinstall

uninstall:
	cd ${.CURDIR}/etc && for file in *.conf examples/*; do \
		rm -f ${DESTDIR}${EXAMPLESDIR}/$$(basename $$file); done
	rmdir ${DESTDIR}${EXAMPLESDIR} ${DESTDIR}${STATEDIR} 2>/dev/null || :
.if !empty(RCDIR)
	rm -f ${DESTDIR}${RCDIR}/bpfstatsd
.endif
	rm -f ${DESTDIR}${BINDIR}/${PROG} ${DESTDIR}${BINDIR}/${CTL} \
	    ${DESTDIR}${LIBEXECDIR}/${FILTER} \
	    ${DESTDIR}${MANSECT}8/bpfstatsctl.8* \
	    ${DESTDIR}${MANSECT}8/bpfstatsd.8* \
	    ${DESTDIR}${MANSECT}5/bpfstatsd.conf.5*

setup:
	sh ${.CURDIR}/setup -n

demo: all
	cd ${.CURDIR} && BPFSTATSD=${.OBJDIR}/${PROG} sh regress/demo

test: all
	cd ${.CURDIR} && BPFSTATSD=${.OBJDIR}/${PROG} sh regress/run

# In less than a minute.
check-quick: all
	cd ${.CURDIR} && BPFSTATSD=${.OBJDIR}/${PROG} sh regress/run -q

# Who calls whom.
graph: all
	cd ${.CURDIR} && sh regress/graph ${.OBJDIR}

.PHONY: beforeinstall check-quick demo graph setup test uninstall
