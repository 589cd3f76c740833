/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of src/core/global.c, for SPIN: three CPUs enter and remove global
 * mappings, now and deferred, slots are short, and one CPU asks for quiet.
 * Names are those of the C code.  tests/model/README.md says what is run.
 *
 * A shootdown is here what shootdown.pml shows it to be: each CPU invalidates
 * at some moment between call and return, if it is not deaf, that is, unless it
 * has interrupts off and does not poll.
 *
 * WHAT MUST HOLD
 *
 * stale	A slot that enter returns has no translation left, on any
 *		CPU, but the new one; with CACHES_INVALID (riscv64), no CPU
 *		remembers either that it was empty.
 * dead		A page that remove gave back, or remove_deferred and then
 *		quiesce, or a window's page and then quiesce, is reached by no
 *		CPU any more.
 * owner	A slot has one owner.
 * excuse	Enter fails only if at some moment of the call no slot was
 *		free, or if another enter was faster.  A slot in another
 *		call's shootdown is not free.
 * end state	Every call returns ...
 * cycle	... and nobody goes round for ever: SPIN looks for any cycle.
 *
 * WHAT IS RUN
 *
 * tests/model/run reads these lists, as those of shootdown.pml.
 *
 * CONFIGURATIONS
 *
 *	two-slots	correct
 *		Two slots, three CPUs that enter once, one quiesce.
 *	one-slot	correct -DSLOTS=1
 *		One slot.
 *	lock		correct -DLOCKS=1 -DENTERS_2=0 -DQUIESCES=0 -DQUIESCES_0=1
 *		CPU 1 holds a lock whenever it is in enter; a handler comes
 *		on CPU 0 at any moment of a call, and spins for that lock.
 *	lock-one-slot	correct -DLOCKS=1 -DENTERS_2=0 -DQUIESCES=0 -DQUIESCES_0=1 -DSLOTS=1
 *		... and there is one slot.
 *	lock-keeps-empty correct -DLOCKS=1 -DENTERS_2=0 -DQUIESCES=0 -DQUIESCES_0=1 -DCACHES_INVALID=1
 *		... where every enter is a shootdown.
 *	no-cycle	no cycle -DSLOTS=1
 *		Two CPUs find no slot.
 *	lock-three	correct slow -DLOCKS=1 -DQUIESCES=0 -DQUIESCES_0=1
 *		The lock, and three CPUs that enter.
 *	keeps-empty	correct -DCACHES_INVALID=1 -DENTERS_2=0
 *		Empty entries are remembered.
 *	keeps-empty-all	correct slow -DCACHES_INVALID=1
 *		... by three CPUs.
 *	again		correct slow -DENTERS_0=2
 *		One enters twice.
 *	one-slot-again	correct slow -DSLOTS=1 -DENTERS_0=2 -DQUIESCES=2
 *		... with one slot, and two quiesces.
 *	no-cycle-two	no cycle slow
 *		Two slots.
 *
 * MUTANTS: with -DNAME, a step is missing, or misplaced.
 *
 *	RELEASED_BEFORE_SHOOTDOWN stale
 *		Remove: the slot can be taken before it is invalidated.
 *	REMOVED_WITHOUT_SHOOTDOWN dead
 *		Remove: nobody is told.
 *	DEFERRED_TO_CLEAN	stale
 *		Remove deferred: the slot can be taken at once.
 *	DIRTY_NOT_RELEASE	dead
 *		Remove deferred: the clear is in its buffer when the slot can
 *		be reclaimed.
 *	CLEAN_BEFORE_SHOOTDOWN	stale
 *		Reclaim: the slots can be taken before they are invalidated.
 *	RECLAIMED_WITHOUT_SHOOTDOWN dead
 *		Reclaim: nobody is told.
 *	NOT_TAKEN_AT_ONCE	owner
 *		Enter: the slot stays in clean.
 *	INVALID_CACHED		stale -DCACHES_INVALID=1
 *		Enter: CPUs remember that the slot was empty.
 *	NO_LAST_LOOK		excuse
 *		Enter fails though a slot has become clean since it looked.
 *	RECLAIMER_AWAITED	end state -DLOCKS=1 -DENTERS_2=0 -DQUIESCES=0 -DQUIESCES_0=1 -DSLOTS=1
 *		Enter waits, polling, while another CPU has slots in its
 *		shootdown; a handler there waits for the caller's lock.
 *	QUIESCE_AWAITS		end state -DLOCKS=1 -DENTERS_2=0 -DSLOTS=1 -DQUIESCES=0 -DQUIESCES_1=1
 *		Quiesce waits for slots in another CPU's reclaim, polling.
 *	HELPED			owner -DSLOTS=1
 *		Enter shoots down what another CPU has in its reclaim, and
 *		makes it clean: meanwhile that CPU has done so, too.
 *	NO_POLL_IN_HANDLER	end state -DLOCKS=1 -DENTERS_2=0 -DQUIESCES=0 -DQUIESCES_0=1 -DSLOTS=1
 *		The handler that spins is deaf to the lock holder's shootdown.
 *	QUIESCED_SLOTS_ONLY	dead
 *		Quiesce invalidates the global slots, but not the windows.
 *	QUIESCED_IF_DIRTY	dead
 *		Quiesce with nothing to reclaim does nothing.
 *
 * WITNESSES
 *
 *	FAILED		reached
 *		Enter finds no slot.
 *	RECLAIMED	reached
 *		Enter makes a slot clean for itself.
 *	ON_ITS_WAY	reached
 *		Enter fails, and a slot is in another CPU's reclaim.
 *	HANDLED		reached -DLOCKS=1 -DENTERS_2=0 -DQUIESCES=0 -DQUIESCES_0=1
 *		The handler waits in the middle of a reclaim.
 *	POLLED		reached -DLOCKS=1 -DENTERS_2=0 -DQUIESCES=0 -DQUIESCES_0=1
 *		It answers the lock holder's shootdown.
 *	QUIET		reached
 *		Quiesce finds nothing to reclaim.
 *	STALE		reached
 *		The old translation of a dirty slot is held.
 *	LAST_LOOK	reached
 *		The look after the last was of use.
 */

#ifndef SLOTS
#define SLOTS 2			/* in the only group, 1 or 2 */
#endif
#ifndef ENTERS_0
#define ENTERS_0 1		/* pages that each CPU enters and removes */
#endif
#ifndef ENTERS_1
#define ENTERS_1 1
#endif
#ifndef ENTERS_2
#define ENTERS_2 1
#endif
#ifndef QUIESCES
#define QUIESCES 1		/* times that CPU 2 calls qpmap_quiesce() */
#endif
#ifndef QUIESCES_0
#define QUIESCES_0 0		/* times that CPU 0 does, in its place */
#endif
#ifndef QUIESCES_1
#define QUIESCES_1 0		/* times that CPU 1 does */
#endif
#ifndef LOCKS
#define LOCKS 0			/* 1: CPU 1's calls hold a lock */
#endif
#ifndef CACHES_INVALID
#define CACHES_INVALID 0		/* QPMAP_TLB_CACHES_INVALID */
#endif

/* Where a witness is: see above. */
#ifndef REACH
#define REACH 0
#endif
#define WITNESS(n) assert((n) != REACH)
#define FAILED		1
#define RECLAIMED	2
#define ON_ITS_WAY	3
#define HANDLED		4
#define QUIET		5
#define STALE		6
#define LAST_LOOK	7
#define POLLED		8

/*
 * TRANSLATIONS
 *
 * A bit each: slot s showing the page of CPU c; slot s being empty; and one
 * page that is mapped in CPU 0's window.  An entry is its translation's bit.
 * held, as in shootdown.pml, is all that any choice of walks could have
 * given; also to a CPU whose own store waits in its buffer.
 */
#define CPUS		3
#define PAGE(s, c)	(1 << (3 * (s) + (c)))
#define EMPTY(s)	(1 << (6 + (s)))
#define WINDOW		256
#define SLOT(s)		((7 << (3 * (s))) | EMPTY(s))
#define PAGES		63
#define EVERYTHING	511
#define FULL		((1 << SLOTS) - 1)

short pte[2];
short window_pte = WINDOW;
short held[CPUS];
short dead;

#if CACHES_INVALID
#define KEPT EVERYTHING
#else
#define KEPT (PAGES | WINDOW)
#endif

/* One store of each CPU can wait for being visible: NOTHING, or a slot's. */
#define NOTHING -1
typedef store_buffer {
	short pte;
	byte slot
};
store_buffer buffer[CPUS];

inline walk(c)
{
	held[c] = (held[c] | pte[0] | pte[1] | window_pte |
	    (buffer[c].pte == NOTHING -> 0 : buffer[c].pte)) & KEPT;
	assert((held[c] & dead) == 0)
}

inline walk_all()
{
	walk(0);
	walk(1);
	walk(2)
}

inline flush(c, mask)
{
	held[c] = held[c] & ~(mask);
	walk(c)
}

inline store_pte(s, value)
{
	atomic {
		buffer[me].pte == NOTHING;
		buffer[me].pte = value;
		buffer[me].slot = s;
		walk(me)
	}
}

/* In an atomic, before what is a full fence, or a release. */
#define VISIBLE (buffer[me].pte == NOTHING)

inline drain(c)
{
	pte[buffer[c].slot] = buffer[c].pte;
	buffer[c].pte = NOTHING;
	buffer[c].slot = 0;
	walk_all()
}

proctype memory()
{
end:	do
	:: atomic { buffer[0].pte != NOTHING -> drain(0) }
	:: atomic { buffer[1].pte != NOTHING -> drain(1) }
	:: atomic { buffer[2].pte != NOTHING -> drain(2) }
	od
}

byte on_the_way;		/* slots that somebody reclaims */

/*
 * THE LOCK
 *
 * CPU 1 has interrupts off while it holds it.  On CPU 0 they are on, and a
 * handler comes between any two steps of a call; it spins for the lock, and
 * its loop polls.
 */
bool lock;
bool spinning;

inline handler()
{
	if
#if LOCKS
	:: me == 0 && lock ->
#if REACH == HANDLED
		assert(on_the_way == 0);
#endif
#ifndef NO_POLL_IN_HANDLER
		spinning = 1;
#endif
		atomic { !lock -> spinning = 0 }
#endif
	:: true
	fi
}

inline acquire()
{
	atomic { !(LOCKS && me == 1) || !lock -> lock = lock || (LOCKS && me == 1) }
}

inline release()
{
	atomic { lock = lock && me != 1 }
}

/*
 * SHOOTDOWN
 *
 * todo: the CPUs that have not yet invalidated what.  Who waits, polls.
 */
bool deaf[CPUS];
#define ANSWERS(c) (!deaf[c] || ((c) == 0 && spinning))

inline flush_one(c)
{
	atomic {
		ANSWERS(c) && (todo & (1 << c)) != 0 ->
#if REACH == POLLED
		assert(!((c) == 0 && spinning));
#endif
		flush(c, what);
		todo = todo & ~(1 << c)
	}
}

inline qpmap_shootdown(mask)
{
	atomic {
		VISIBLE;
		what = mask;
		todo = 7;
		deaf[me] = 0
	};
	do
	:: flush_one(0)
	:: flush_one(1)
	:: flush_one(2)
#if LOCKS
	:: me == 0 && lock -> handler()
#endif
	:: atomic {
		todo == 0 ->
		what = 0;
		deaf[me] = 1
	   };
		break
	od
}

/*
 * SLOTS
 *
 * A bit each in three words, moved by single atomic operations.  owner is
 * whoever took a slot out of clean, until it is clean again.
 */
byte clean = FULL;
byte used;
byte dirty;
byte owner[2];

/* What the enters that look for a slot have seen. */
bool looking[CPUS];
bool excuse[CPUS];

#define NONE_FREE ((clean | dirty) == 0)

inline look()
{
	excuse[0] = looking[0] && (excuse[0] || NONE_FREE);
	excuse[1] = looking[1] && (excuse[1] || NONE_FREE);
	excuse[2] = looking[2] && (excuse[2] || NONE_FREE)
}

/* Take a slot out of clean; in an atomic, and only if there is one. */
inline take()
{
	s = ((clean & 1) != 0 -> 0 : 1);
#ifndef NOT_TAKEN_AT_ONCE
	clean = clean & ~(1 << s);
#endif
	assert(owner[s] == 0);
	owner[s] = me + 1;
	mine = 1;
	looking[me] = 0;
	excuse[0] = looking[0];
	excuse[1] = looking[1];
	excuse[2] = looking[2]
}

/* The slots of mask are clean: in an atomic. */
inline give_back(mask)
{
	if
	:: (((mask) & 1) != 0) -> owner[0] = 0
	:: else
	fi;
	if
	:: (((mask) & 2) != 0) -> owner[1] = 0
	:: else
	fi;
	clean = clean | (mask)
}

#define SLOTS_OF(mask) (((mask) & 1) * SLOT(0) | ((mask) >> 1) * SLOT(1))

/* Whoever else looks for a slot sees what is taken here as taken. */
inline qpmap_global_reclaim(everything)
{
	handler();
	atomic {
		VISIBLE;
		taken = dirty;
		dirty = 0;
		on_the_way = on_the_way | taken;
		did = taken != 0;
		had = excuse[me];
		look();
		excuse[me] = had;
		had = 0
	};
	if
	:: taken != 0 ->
#ifdef CLEAN_BEFORE_SHOOTDOWN
		atomic {
			give_back(taken);
			on_the_way = on_the_way & ~taken
		};
#endif
#if REACH == STALE
		assert(((held[0] | held[1] | held[2]) &
		    SLOTS_OF(taken) & PAGES) == 0);
#endif
		handler();
#ifndef RECLAIMED_WITHOUT_SHOOTDOWN
		qpmap_shootdown(everything | SLOTS_OF(taken));
#endif
		handler();
#ifndef CLEAN_BEFORE_SHOOTDOWN
		atomic {
			give_back(taken);
			on_the_way = on_the_way & ~taken
		};
#endif
		taken = 0
	:: else
	fi
}

#ifdef NO_LAST_LOOK
#define LAST_LOOKED false
#else
#define LAST_LOOKED true
#endif

/* Own a clean slot; mine is 0 if there is none. */
inline qpmap_global_own()
{
	atomic {
		deaf[me] = 1;
		looking[me] = 1;
		look()
	};
	do
	:: atomic { clean != 0 -> take() };
		break
	:: clean == 0 ->
		qpmap_global_reclaim(0);
		if
		:: did ->
			WITNESS(RECLAIMED)
#ifdef RECLAIMER_AWAITED
		:: !did && on_the_way != 0 ->
			deaf[me] = 0;
			clean != 0 || dirty != 0 || on_the_way == 0;
			deaf[me] = 1
#endif
#ifdef HELPED
		:: !did && on_the_way != 0 ->
			taken = on_the_way;
			qpmap_shootdown(SLOTS_OF(taken));
			atomic {
				give_back(taken);
				taken = 0
			}
#endif
		:: !did ->
			atomic {
				if
				:: clean != 0 && LAST_LOOKED ->
					WITNESS(LAST_LOOK);
					take()
				:: else
				fi
			};
			break
		fi
	od;
	did = 0
}

inline qpmap_global_enter()
{
	qpmap_global_own();
	if
	:: mine ->
		atomic {
			dead = dead & ~PAGE(s, me);
			deferred = deferred & ~PAGE(s, me);
			snapshot = snapshot & ~PAGE(s, me);
			store_pte(s, PAGE(s, me))
		};
#if CACHES_INVALID && !defined(INVALID_CACHED)
		qpmap_shootdown(SLOT(s));
#endif
		atomic {
			VISIBLE;
			used = used | (1 << s);
			assert(pte[s] == PAGE(s, me));
			stale = (held[0] | held[1] | held[2]) & SLOT(s) &
			    ~PAGE(s, me);
			assert(stale == 0);
			deaf[me] = 0
		}
	:: else ->
		WITNESS(FAILED);
#if REACH == ON_ITS_WAY
		assert(on_the_way == 0);
#endif
		atomic {
			assert(excuse[me]);
			looking[me] = 0;
			excuse[me] = 0;
			deaf[me] = 0
		}
	fi
}

inline qpmap_global_clear()
{
	atomic {
		deaf[me] = 1;
		assert((used & (1 << s)) != 0 && owner[s] == me + 1);
		used = used & ~(1 << s)
	};
	store_pte(s, EMPTY(s))
}

inline qpmap_global_remove()
{
	qpmap_global_clear();
#ifdef RELEASED_BEFORE_SHOOTDOWN
	atomic { give_back(1 << s) };
#endif
#ifndef REMOVED_WITHOUT_SHOOTDOWN
	qpmap_shootdown(SLOT(s));
#endif
	atomic {
		VISIBLE;
#ifndef RELEASED_BEFORE_SHOOTDOWN
		give_back(1 << s);
#endif
		dead = dead | PAGE(s, me);
		walk_all();
		deaf[me] = 0
	}
}

inline qpmap_global_remove_deferred()
{
	qpmap_global_clear();
	atomic {
#ifndef DIRTY_NOT_RELEASE
		VISIBLE;
#endif
#ifdef DEFERRED_TO_CLEAN
		give_back(1 << s);
#else
		dirty = dirty | (1 << s);
#endif
		deferred = deferred | PAGE(s, me);
		deaf[me] = 0
	}
}

inline qpmap_quiesce()
{
	atomic {
		deaf[me] = 1;
		snapshot = deferred;
		deferred = deferred & WINDOW
	};
#ifdef QUIESCE_AWAITS
	deaf[me] = 0;
	on_the_way == 0;
	deaf[me] = 1;
#endif
#ifdef QUIESCED_SLOTS_ONLY
	qpmap_global_reclaim(0);
#else
	qpmap_global_reclaim(EVERYTHING);
#endif
	if
#ifndef QUIESCED_IF_DIRTY
	:: !did ->
		WITNESS(QUIET);
		qpmap_shootdown(EVERYTHING)
#endif
	:: else
	fi;
	atomic {
		did = 0;
		dead = dead | snapshot;
		snapshot = 0;
		walk_all();
		deaf[me] = 0
	}
}

/*
 * THE KERNEL
 */
short deferred;			/* pages to be had after a quiesce */
short snapshot;			/* those of the quiesce in progress */
short stale;

/* qpmap_remove() in CPU 0's window: the others are not told. */
proctype window()
{
	atomic {
		window_pte = 0;
		flush(0, WINDOW);
		deferred = deferred | WINDOW
	}
}

proctype cpu(byte me; byte enters; byte quiesces)
{
	short what;
	byte todo, taken, s;
	bool did, had, mine;

	do
	:: enters > 0 ->
		acquire();
		qpmap_global_enter();
		release();
		if
		:: mine -> qpmap_global_remove()
		:: mine -> qpmap_global_remove_deferred()
		:: !mine
		fi;
		atomic {
			enters--;
			mine = 0;
			s = 0
		}
	:: quiesces > 0 ->
		acquire();
		qpmap_quiesce();
		release();
		quiesces--
	:: enters == 0 && quiesces == 0 -> break
	od
}

init {
	atomic {
		pte[0] = EMPTY(0);
		pte[1] = EMPTY(1);
		buffer[0].pte = NOTHING;
		buffer[1].pte = NOTHING;
		buffer[2].pte = NOTHING;
		walk_all();
		run memory();
		run window();
		run cpu(0, ENTERS_0, QUIESCES_0);
		run cpu(1, ENTERS_1, QUIESCES_1);
		run cpu(2, ENTERS_2, QUIESCES)
	}
}
