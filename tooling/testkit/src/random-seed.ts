import fc from 'fast-check'

/**
 * Random tests make the same attempts in every run, so that a change is not refused for a fault of another.
 * `RQ_TEST_SEED=random` looks further, and `RQ_TEST_SEED=848903` makes the attempts of that run again.
 */
const { RQ_TEST_SEED = '1' } = process.env

fc.configureGlobal({ seed: RQ_TEST_SEED === 'random' ? Date.now() % 1_000_000 : Number(RQ_TEST_SEED) })
