SELECT
  lines.period AS period,
  lines.region AS region,
  lines.stream AS stream,
  lines.scheme AS scheme,
  lines.code AS code,
  lines.kind AS kind,
  lines.department AS department,
  lines.booked AS booked,
  CAST(SUM(CAST(lines.mass_g AS decimal(38,0))) AS bigint) AS mass_g,
  CAST(SUM(CAST(lines."count" AS decimal(38,0))) AS bigint) AS "count",
  CAST(SUM(lines.entries) AS bigint) AS entries
FROM lines
WHERE lines.entries > 0
GROUP BY
  lines.period, lines.region, lines.stream, lines.scheme, lines.code, lines.kind, lines.department, lines.booked
