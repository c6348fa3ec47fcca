WITH reported AS (
  SELECT chains.stream AS stream, chains.kind AS kind
  FROM chains
  UNION
  SELECT lines.stream AS stream, lines.kind AS kind
  FROM lines
  WHERE lines.booked = 1 AND lines.entries > 0
    AND NOT EXISTS (SELECT 1 FROM chains WHERE chains.stream = lines.stream)
),
streams AS (
  SELECT DISTINCT lines.stream AS stream
  FROM lines
  WHERE lines.booked = 1 AND lines.entries > 0
),
fed AS (
  SELECT DISTINCT reported.stream AS stream, upstream.kind AS kind, upstream.manifested AS manifested
  FROM upstream
  JOIN reported ON reported.kind = upstream.upstream
  WHERE
    (upstream.needs = '' OR EXISTS (
      SELECT 1 FROM reported AS needed WHERE needed.stream = reported.stream AND needed.kind = upstream.needs
    ))
    AND (upstream.unless = '' OR NOT EXISTS (
      SELECT 1 FROM reported AS barred WHERE barred.stream = reported.stream AND barred.kind = upstream.unless
    ))
),
full_chain AS (
  SELECT
    streams.stream AS stream,
    postings.kind AS kind,
    postings.manifested AS manifested,
    postings.debit AS debit,
    CASE WHEN EXISTS (
      SELECT 1 FROM reported WHERE reported.stream = streams.stream AND reported.kind = postings.reported
    ) THEN postings.credit_then ELSE postings.credit END AS credit
  FROM streams
  CROSS JOIN postings
),
rules AS (
  SELECT
    full_chain.stream AS stream,
    full_chain.kind AS kind,
    full_chain.manifested AS manifested,
    full_chain.debit AS debit,
    CASE
      WHEN NOT EXISTS (
        SELECT 1 FROM upstream
        WHERE upstream.kind = full_chain.kind AND upstream.manifested = full_chain.manifested
      ) THEN full_chain.credit
      WHEN EXISTS (
        SELECT 1 FROM fed
        WHERE fed.stream = full_chain.stream AND fed.kind = full_chain.kind
          AND fed.manifested = full_chain.manifested
      ) THEN full_chain.credit
      ELSE 'unreported'
    END AS credit
  FROM full_chain
),
touching AS (
  SELECT full_chain.stream AS stream, full_chain.debit AS account, full_chain.kind AS kind FROM full_chain
  UNION
  SELECT full_chain.stream AS stream, full_chain.credit AS account, full_chain.kind AS kind FROM full_chain
),
untold AS (
  SELECT DISTINCT touching.stream AS stream, touching.account AS account
  FROM touching
  WHERE NOT EXISTS (
    SELECT 1 FROM reported WHERE reported.stream = touching.stream AND reported.kind = touching.kind
  )
),
opened AS (
  SELECT DISTINCT
    lines.region AS region, lines.stream AS stream, lines.scheme AS scheme, lines.code AS code
  FROM lines
  WHERE lines.kind = 'OPENING' AND lines.booked = 1 AND lines.entries > 0
),
legs AS (
  SELECT
    lines.period AS period, lines.region AS region, lines.stream AS stream, lines.scheme AS scheme,
    lines.code AS code, rules.debit AS account, lines.mass_g AS debit_g, 0 AS credit_g
  FROM lines
  JOIN rules ON rules.stream = lines.stream AND rules.kind = lines.kind AND rules.manifested = lines.manifested
  WHERE lines.booked = 1 AND lines.entries > 0
  UNION ALL
  SELECT
    lines.period AS period, lines.region AS region, lines.stream AS stream, lines.scheme AS scheme,
    lines.code AS code, rules.credit AS account, 0 AS debit_g, lines.mass_g AS credit_g
  FROM lines
  JOIN rules ON rules.stream = lines.stream AND rules.kind = lines.kind AND rules.manifested = lines.manifested
  WHERE lines.booked = 1 AND lines.entries > 0
),
balances AS (
  SELECT
    legs.period AS period, legs.region AS region, legs.stream AS stream, legs.scheme AS scheme,
    legs.code AS code, legs.account AS account,
    CAST(SUM(CAST(legs.debit_g AS decimal(38,0))) AS bigint) AS debit_g,
    CAST(SUM(CAST(legs.credit_g AS decimal(38,0))) AS bigint) AS credit_g
  FROM legs
  GROUP BY legs.period, legs.region, legs.stream, legs.scheme, legs.code, legs.account
)
SELECT
  balances.period AS period,
  balances.region AS region,
  balances.stream AS stream,
  balances.scheme AS scheme,
  balances.code AS code,
  balances.account AS account,
  balances.debit_g AS debit_g,
  balances.credit_g AS credit_g,
  CASE
    WHEN balances.account = 'unreported' THEN 0
    WHEN untold.account IS NOT NULL THEN 0
    WHEN balances.account = 'stored' AND opened.code IS NULL THEN 0
    ELSE 1
  END AS complete
FROM balances
LEFT JOIN untold ON untold.stream = balances.stream AND untold.account = balances.account
LEFT JOIN opened
  ON opened.region = balances.region AND opened.stream = balances.stream
  AND opened.scheme = balances.scheme AND opened.code = balances.code
