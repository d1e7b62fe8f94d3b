-- What CREATE EXTENSION makes.
SELECT extname, extrelocatable FROM pg_extension WHERE extname = 'pg_kalam';
SELECT fdwname FROM pg_foreign_data_wrapper WHERE fdwname = 'pg_kalam';
SELECT amname, amtype FROM pg_am WHERE amname = 'kalamdb';

-- Every function is described, none is left without a comment.
SELECT p.oid::regprocedure AS function_without_comment
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'pg_kalam'
WHERE obj_description(p.oid, 'pg_proc') IS NULL
ORDER BY 1;

-- The pass-through is not for PUBLIC, the others are.
SELECT p.oid::regprocedure AS function, has_function_privilege('public', p.oid, 'EXECUTE') AS for_public
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'pg_kalam'
WHERE p.prorettype NOT IN ('fdw_handler'::regtype, 'table_am_handler'::regtype, 'void'::regtype)
ORDER BY p.proname, p.pronargs;
SELECT obj_description(oid, 'pg_foreign_data_wrapper') IS NOT NULL FROM pg_foreign_data_wrapper WHERE fdwname = 'pg_kalam';
SELECT obj_description(oid, 'pg_am') IS NOT NULL FROM pg_am WHERE amname = 'kalamdb';

-- The prefix of the settings is reserved while the library is loaded.
SET kalam.no_such_setting = 1;
