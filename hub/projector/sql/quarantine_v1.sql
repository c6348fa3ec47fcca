SELECT
  judged.id AS id,
  judged.connector AS connector,
  judged.source_key AS source_key,
  judged.errors AS errors,
  CASE
    WHEN judged.verdict IS NOT NULL THEN judged.verdict
    WHEN judged.source_key IS NULL THEN 'open'
    WHEN judged.deleted_since = 1 OR judged.passed = 1 THEN 'superseded'
    WHEN judged.deleted_by_itself = 1 OR judged.met = 1 THEN 'resolved'
    WHEN judged.outdone = 1 THEN 'superseded'
    ELSE 'open'
  END AS state,
  judged.first_seen AS first_seen,
  judged.last_seen AS last_seen,
  judged.department AS department,
  judged.revision AS revision,
  judged.restated AS restated,
  judged.scope AS scope,
  judged.place AS place,
  judged."partition" AS "partition",
  judged."position" AS "position"
FROM (
  SELECT
    quarantine.quarantine_id AS id,
    quarantine.connector AS connector,
    quarantine.department AS department,
    quarantine.source_key AS source_key,
    quarantine.errors AS errors,
    quarantine.first_seen AS first_seen,
    quarantine.last_seen AS last_seen,
    quarantine.revision AS revision,
    quarantine.restated AS restated,
    quarantine.scope AS scope,
    quarantine.place AS place,
    quarantine."partition" AS "partition",
    quarantine."position" AS "position",
    (
      SELECT MIN(CASE WHEN acts.kind = 'rejected' THEN 'rejected' ELSE 'resolved' END)
      FROM acts
      WHERE acts.quarantine_id = quarantine.quarantine_id AND acts.kind IN ('rejected', 'approved', 'closed')
    ) AS verdict,
    CASE WHEN EXISTS (
      SELECT 1 FROM acts
      WHERE acts.kind = 'deleted' AND acts.identity = quarantine.identity AND acts.source_key = quarantine.source_key
        AND (acts.revision > quarantine.revision
          OR (acts.revision = quarantine.revision AND acts.restated > quarantine.restated))
    ) THEN 1 ELSE 0 END AS deleted_since,
    CASE WHEN EXISTS (
      SELECT 1 FROM acts
      WHERE acts.kind = 'deleted' AND acts.identity = quarantine.identity AND acts.source_key = quarantine.source_key
        AND acts.revision = quarantine.revision AND acts.restated = quarantine.restated
    ) THEN 1 ELSE 0 END AS deleted_by_itself,
    CASE WHEN EXISTS (
      SELECT 1 FROM quarantine_entities
      JOIN entry_keys ON entry_keys.entity_id = quarantine_entities.entity_id
      WHERE quarantine_entities.quarantine_id = quarantine.quarantine_id
        AND (entry_keys.revision > quarantine.revision
          OR (entry_keys.revision = quarantine.revision AND entry_keys.restated > quarantine.restated))
    ) THEN 1 ELSE 0 END AS passed,
    CASE WHEN EXISTS (
      SELECT 1 FROM quarantine_entities
      JOIN entry_keys ON entry_keys.entity_id = quarantine_entities.entity_id
      WHERE quarantine_entities.quarantine_id = quarantine.quarantine_id
        AND entry_keys.revision = quarantine.revision AND entry_keys.restated = quarantine.restated
    ) THEN 1 ELSE 0 END AS met,
    CASE WHEN EXISTS (
      SELECT 1 FROM quarantine AS newer
      WHERE newer.identity = quarantine.identity AND newer.source_key = quarantine.source_key
        AND (newer.revision > quarantine.revision
          OR (newer.revision = quarantine.revision AND newer.restated > quarantine.restated))
    ) THEN 1 ELSE 0 END AS outdone
  FROM quarantine
) AS judged
UNION ALL
SELECT
  undecodable.id AS id,
  NULL AS connector,
  NULL AS source_key,
  undecodable.errors AS errors,
  COALESCE(
    (
      SELECT MIN(CASE WHEN acts.kind = 'rejected' THEN 'rejected' ELSE 'resolved' END)
      FROM acts
      WHERE acts.quarantine_id = undecodable.id AND acts.kind IN ('rejected', 'approved', 'closed')
    ),
    'open'
  ) AS state,
  undecodable.appended_at AS first_seen,
  undecodable.appended_at AS last_seen,
  NULL AS department,
  NULL AS revision,
  NULL AS restated,
  NULL AS scope,
  NULL AS place,
  undecodable."partition" AS "partition",
  undecodable."position" AS "position"
FROM undecodable
