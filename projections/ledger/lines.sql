SELECT
  changes.period AS period,
  changes.region AS region,
  changes.stream AS stream,
  changes.scheme AS scheme,
  changes.code AS code,
  changes.kind AS kind,
  changes.department AS department,
  CASE WHEN COALESCE(authority.department, changes.department) = changes.department THEN 1 ELSE 0 END AS booked,
  CASE WHEN changes.kind = 'LOST' AND changes.manifest IS NOT NULL THEN 1 ELSE 0 END AS manifested,
  CAST(SUM(CAST(changes.mass_g AS decimal(38,0)) * changes.sign) AS bigint) AS mass_g,
  CAST(SUM(CAST(COALESCE(changes."count", 0) AS decimal(38,0)) * changes.sign) AS bigint) AS "count",
  CAST(SUM(changes.sign) AS bigint) AS entries
FROM changes
LEFT JOIN authority ON authority.stream = changes.stream AND authority.kind = changes.kind
GROUP BY
  changes.period, changes.region, changes.stream, changes.scheme, changes.code, changes.kind, changes.department,
  CASE WHEN COALESCE(authority.department, changes.department) = changes.department THEN 1 ELSE 0 END,
  CASE WHEN changes.kind = 'LOST' AND changes.manifest IS NOT NULL THEN 1 ELSE 0 END
