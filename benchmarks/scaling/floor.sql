-- The long tables straight from the read cells, written for speed. Besides the cells (cells: sheet_id, r, c, t; sheets), it reads
-- from the warehouse (w) the tables that depend only on the form registry and the reference files: areas and their members,
-- pieces of split units, rounds, breaks, code lists.

create macro clean(t) as trim(replace(t, chr(160), ' '), concat(' ', chr(9), chr(10), chr(13), chr(8199), chr(8201), chr(8239), chr(65279)));
create macro code_of(t) as regexp_replace(t, '^([0-9]+)[.,]0+$', '\1');
create macro number_of(t) as try_cast(
    case
        when regexp_full_match(t, '[0-9]+([.,][0-9]+)?') then replace(t, ',', '.')
        when regexp_full_match(t, '[.,][0-9]+') then '0' || replace(t, ',', '.')
        when regexp_full_match(t, '[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?') then replace(replace(t, ' ', ''), ',', '.')
        when regexp_full_match(t, '[0-9]{1,3}([.][0-9]{3})+,[0-9]+') then replace(replace(t, '.', ''), ',', '.')
        when regexp_full_match(t, '[0-9]{1,3}(,[0-9]{3})+[.][0-9]+') then replace(t, ',', '')
    end as decimal(18, 6));

-- The question of each column of each sheet.
create temp table questions as
select row_number() over () as line_id, f.form, f.line, f.question, f.item, f.answer, f.target_group, f.reporting_form, f.type
from w.forms.columns f join w.forms.forms using (form)
where f.use = 'answer' and f.condition_count = 0 and f.type in ('number', 'code', 'tick')
    and (f.type != 'number' or f.question in ('fte_by_service', 'fte_by_education', 'fte_by_pathway'));

create temp table answer_columns as
select s.sheet_id, k.column_number as c, s.first_row, q.line_id
from sheets s join w.raw.columns k using (form, file, sheet, layout)
join w.forms.columns f on f.form = s.form and f.layout = s.layout and f.header = k.header
join questions q on q.form = f.form and q.line = f.line;

create temp table key_columns as
select s.sheet_id, k.column_number as c, s.first_row, i.role, i.priority, x.units = 'anonymous' as is_anonymous
from sheets s join w.raw.columns k using (form, file, sheet, layout)
join (
    select form, layout, role, header, max(priority) as priority from w.forms.identifiers group by all
    union all select form, layout, 'link', link_header, 0 from w.forms.layouts where link_header is not null
) i on i.form = s.form and i.layout = s.layout and i.header = k.header
join w.forms.forms x on x.form = s.form;

-- Rows that are not data.
create temp table no_data as
select distinct c.sheet_id, c.r from cells c join (
    select s.sheet_id, k.column_number as c, s.first_row, x.pattern
    from sheets s join w.raw.columns k using (form, file, sheet, layout)
    join w.forms.row_rules x on x.form = s.form and x.layout = s.layout and x.header = k.header
) p on p.sheet_id = c.sheet_id and p.c = c.c and c.r >= p.first_row
where regexp_full_match(clean(c.t), p.pattern);

-- Rows with unit and submission.
create temp table keys as
with texts as (
    select c.sheet_id, c.r, k.role, k.priority,
        case
            when k.is_anonymous then clean(c.t)
            when k.role = 'code' then nullif(regexp_extract(clean(c.t), '^[0-9]+'), '')
            when k.role = 'part_code'
                then nullif(nullif(regexp_extract(clean(c.t), '^[0-9]+'), ''), regexp_extract(clean(c.t), '^0+$'))
            when k.role in ('id', 'status', 'link') then code_of(clean(c.t))
            else clean(c.t)
        end as t
    from cells c join key_columns k on k.sheet_id = c.sheet_id and k.c = c.c and c.r >= k.first_row
    where clean(c.t) != '' and k.role in ('code', 'part_code', 'id', 'status', 'submitted', 'link')
)
select sheet_id, r,
    arg_min(t, priority) filter (role = 'code') as code, arg_min(t, priority) filter (role = 'part_code') as part,
    any_value(t) filter (role = 'id') as id, any_value(t) filter (role = 'status') as status,
    any_value(t) filter (role = 'submitted') as submitted, any_value(t) filter (role = 'link') as link
from texts where t is not null group by all;

create temp table main_rows as
with placed as (
    select k.*, s.form, s.file, s.sheet, s.layout, x.units, x.time_period, l.links_to, l.link_by,
        case
            when length(part) <= 2 and length(code) <= 4 then lpad(code, 4, '0') || lpad(part, 2, '0')
            when length(part) <= 6 then lpad(part, 6, '0')
            when length(code) in (5, 6) then lpad(code, 6, '0')
        end as part_code,
        case when length(code) <= 4 then lpad(code, 4, '0') end as municipality_code
    from keys k join sheets s using (sheet_id) join w.forms.forms x using (form) join w.forms.layouts l using (form, layout)
    anti join no_data using (sheet_id, r)
),
successors as (
    select code, time_period, min(successor_code) as successor from w.intermediate.int_code_successors
    group by all having count(*) = 1
)
select p.sheet_id, p.r, p.form, p.file, p.sheet, p.layout, p.time_period, p.links_to, p.link_by, p.id, p.link,
    case when p.units = 'anonymous' then p.code when p.part_code is not null then u.unit_code else s.successor end as unit,
    coalesce(m.meaning, case when p.status is null then 'completed' else 'unknown' end) = 'completed' as is_completed,
    coalesce(try_cast(p.submitted as double), epoch(try_strptime(p.submitted,
        ['%d.%m.%Y %H:%M:%S', '%d.%m.%Y %H:%M', '%d.%m.%Y', '%Y-%m-%d %H:%M:%S', '%Y-%m-%d']))) as submitted
from placed p
left join (select distinct time_period, unit_code from w.intermediate.int_units where unit_level in ('city_district', 'agency')) u
    on u.time_period = p.time_period and u.unit_code = p.part_code
left join successors s on s.code = p.municipality_code and s.time_period = p.time_period
left join w.forms.statuses m on m.form = p.form and m.layout = p.layout and m.status = p.status;

-- Rows whose answers count: those of the last completed submission of a unit, and rows linked to it.
create temp table counted as
with own as (
    select sheet_id, r, form, unit, layout, id from main_rows
    where links_to is null and unit is not null and is_completed
    qualify row_number() over (partition by form, unit order by submitted desc nulls last, file desc, sheet desc, r desc) = 1
),
submitted as (
    select form, unit, bool_or(is_completed) as has_counted from main_rows where links_to is null and unit is not null group by all
),
first_rows as (
    select form, layout, id, sheet_id, r from main_rows where links_to is null and id is not null
    qualify row_number() over (partition by form, layout, id order by file, sheet, r) = 1
        and max(coalesce(unit, '')) over (partition by form, layout, id) = min(coalesce(unit, '')) over (partition by form, layout, id)
)
select sheet_id, r, form, unit from own
union all
select l.sheet_id, l.r, l.form, own.unit
from main_rows l
join first_rows f on f.form = l.form and f.layout = l.links_to and f.id = l.link
join own on own.sheet_id = f.sheet_id and own.r = f.r
where l.link_by = 'submission'
union all
select sheet_id, r, form, unit from (
    select m.sheet_id, m.r, m.form, m.unit from main_rows m left join submitted s on s.form = m.form and s.unit = m.unit
    where m.link_by = 'unit' and m.unit is not null and coalesce(s.has_counted, true)
    qualify row_number() over (partition by m.form, m.layout, m.unit order by m.file desc, m.sheet desc, m.r desc) = 1
);

create temp table units as
select row_number() over () as unit_id, * from (
    select form, unit, max(x.time_period) as time_period from counted join w.forms.forms x using (form) group by all
);

-- Answers that count, one row each.
create temp table answers as
select u.unit_id, a.line_id, any_value(clean(c.t)) as t
from cells c
join answer_columns a on a.sheet_id = c.sheet_id and a.c = c.c and c.r >= a.first_row
join counted k on k.sheet_id = c.sheet_id and k.r = c.r
join units u on u.form = k.form and u.unit = k.unit
group by u.unit_id, a.line_id;

-- FTE.
create temp table asked as
select q.line_id, q.form, x.time_period, q.question, q.target_group, q.reporting_form, q.item as category
from questions q join w.intermediate.int_rounds x using (form)
where q.type = 'number' and x.is_delivered;

create temp table numbers as
select a.unit_id, a.line_id, case when m.text is null then number_of(a.t) end as number_value,
    m.text is null and number_of(a.t) is null as is_rejected
from answers a join questions q using (line_id)
left join w.forms.missing_texts m on m.form = q.form and m.line = q.line and m.text = code_of(a.t)
where q.type = 'number' and a.t not in ('', '-');

create temp table routes as
with choice_asked as (select distinct form, target_group from questions where question = 'reporting_form'),
choices as (
    select a.unit_id, q.target_group, max(o.answer) as choice
    from answers a join questions q using (line_id)
    join w.forms.options o on o.form = q.form and o.question = q.question and o.code = code_of(a.t)
    where q.question = 'reporting_form' group by all
),
filled as (
    select n.unit_id, k.question, k.target_group, bool_or(k.reporting_form = 'joint') as joint,
        bool_or(k.reporting_form = 'mental_health') as mental, bool_or(k.reporting_form = 'substance_use') as substance
    from numbers n join asked k using (line_id) where n.is_rejected or n.number_value is not null group by all
),
blocks as (
    select u.unit_id, u.form, k.question, k.target_group, h.form is not null as is_asked, c.choice,
        coalesce(f.joint, false) as joint, coalesce(f.mental, false) as mental, coalesce(f.substance, false) as substance
    from units u join (select distinct form, question, target_group from asked) k using (form)
    join (select distinct time_period, unit_code from w.intermediate.int_units) y on y.time_period = u.time_period and y.unit_code = u.unit
    left join choice_asked h on h.form = k.form and h.target_group = k.target_group
    left join choices c on c.unit_id = u.unit_id and c.target_group = k.target_group
    left join filled f on f.unit_id = u.unit_id and f.question = k.question and f.target_group = k.target_group
),
routed as (
    select *, case
        when not is_asked then 'all'
        when joint and (mental or substance) then coalesce(choice, 'joint')
        when joint then 'joint' when mental or substance then 'separate'
        else coalesce(choice, case when bool_or(joint) over w then 'joint' when bool_or(mental or substance) over w then 'separate' end)
    end as route
    from blocks window w as (partition by unit_id, target_group)
)
select unit_id, form, question, target_group, route, mental, route = 'separate' and mental != substance as is_half_missing
from routed where route is not null and (question != 'fte_by_pathway' or joint or mental or substance);

create temp table reported as
select u.time_period, u.unit, k.question, k.target_group, k.category, k.reporting_form,
    case when n.unit_id is null then 0 else n.number_value end::decimal(18, 6) as fte,
    n.unit_id is not null and n.number_value is null as is_rejected, o.is_half_missing
from routes o join units u using (unit_id)
join asked k on k.form = o.form and k.question = o.question and k.target_group = o.target_group
    and (o.route = 'all' or (o.route = 'joint' and k.reporting_form = 'joint')
        or (o.route = 'separate' and case when not o.is_half_missing then k.reporting_form in ('mental_health', 'substance_use')
            when o.mental then k.reporting_form = 'mental_health' else k.reporting_form = 'substance_use' end))
left join numbers n on n.unit_id = o.unit_id and n.line_id = k.line_id;

create temp table carried as
with missing as (
    select x.time_period, y.unit_code as unit from w.intermediate.int_rounds x
    join w.intermediate.int_units y on y.time_period = x.time_period and y.unit_level != 'remainder'
    left join units u on u.form = x.form and u.unit = y.unit_code
    where x.is_delivered and x.non_response = 'carry_forward' and u.unit is null
),
before as (
    select m.time_period, m.unit, s.unit_code as predecessor, s.is_last, s.weight_children, s.weight_adults,
        s.is_weight_estimated, s.successor_count
    from missing m join w.intermediate.int_unit_successors s
        on s.time_period = m.time_period - 1 and s.target_period = m.time_period and s.successor_code = m.unit
),
complete as (
    select b.time_period, b.unit, k.question, g.target_group
    from before b
    join (select distinct time_period, question from asked) k on k.time_period = b.time_period - 1
    cross join (select distinct target_group from asked) g
    left join (select distinct time_period, unit, question, target_group from reported) r
        on r.time_period = k.time_period and r.unit = b.predecessor and r.question = k.question and r.target_group = g.target_group
    group by all having count(*) = count(r.unit)
),
shares as (
    select r.time_period + 1 as time_period, s.successor_code as unit, r.question, r.target_group, r.reporting_form, r.category,
        r.fte, s.successor_count, s.is_last, s.is_weight_estimated, r.is_rejected, r.is_half_missing, r.unit as predecessor,
        (r.fte * case r.target_group when 'children' then s.weight_children else s.weight_adults end)::decimal(18, 6) as share
    from reported r join w.intermediate.int_unit_successors s
        on s.time_period = r.time_period and s.target_period = r.time_period + 1 and s.unit_code = r.unit
    where r.unit in (select predecessor from before)
),
parts as (
    select *, case when is_last and bool_and(share is not null) over w
        then fte - coalesce(sum(case when not is_last then share end) over w, 0) else share end as part
    from shares window w as (partition by time_period, predecessor, question, target_group, reporting_form, category)
)
select p.time_period, p.unit, p.question, p.target_group, p.category, sum(p.part)::decimal(18, 6) as fte,
    bool_or(p.is_rejected) as is_rejected, bool_or(p.is_half_missing) as is_half_missing,
    bool_or(p.successor_count > 1) as is_estimated, bool_or(p.is_weight_estimated) as is_weight_estimated
from parts p join complete c using (time_period, unit, question, target_group)
group by p.time_period, p.unit, p.question, p.target_group, p.category, p.reporting_form
having bool_and(p.share is not null or p.is_rejected);

create temp table fte_units as
with all_cells as (
    select time_period, unit, question, target_group, category, fte, 0::decimal(18, 6) as carried, false as is_carried, is_rejected,
        is_half_missing, false as is_estimated, false as is_weight_estimated from reported
    union all
    select time_period, unit, question, target_group, category, fte, fte, true, is_rejected, is_half_missing, is_estimated,
        is_weight_estimated from carried
)
select time_period, unit, question, coalesce(target_group, 'total') as target_group, coalesce(category, 'total') as category,
    sum(fte) as fte, sum(carried) as carried, bool_or(is_carried) as is_carried, bool_or(is_rejected) as is_rejected,
    bool_or(is_half_missing) as is_half_missing, bool_or(is_estimated) as is_estimated,
    bool_or(is_weight_estimated) as is_weight_estimated, false as is_weight_missing
from all_cells
group by grouping sets (
    (time_period, unit, question, target_group, category), (time_period, unit, question, target_group),
    (time_period, unit, question, category), (time_period, unit, question)
);

create temp table measures as
select (row_number() over (order by question, target_group, category))::integer as measure_id, *
from (select distinct question, target_group, category from fte_units);

create temp table areas as
select (row_number() over ())::integer as area_id, time_period, area_basis, unit_level, unit_code, unit_name, units_with_agencies
from w.intermediate.int_areas;

create temp table fte_numbered as
select f.time_period, f.unit, m.measure_id, f.* exclude (time_period, unit, question, target_group, category)
from fte_units f join measures m using (question, target_group, category);

-- Units that were split later: the share of each piece; the last one takes the rest.
create temp table fte_pieces as
with held as (
    select distinct time_period, member_code, piece_code from w.intermediate.int_area_members where piece_code is not null
),
shares as (
    select f.*, m.target_group, p.piece_code, p.is_last, p.is_weight_estimated as is_piece_estimated,
        (f.fte * case m.target_group when 'children' then p.weight_children else p.weight_adults end)::decimal(18, 6) as share,
        (f.carried * case m.target_group when 'children' then p.weight_children else p.weight_adults end)::decimal(18, 6)
            as share_carried
    from fte_numbered f join measures m using (measure_id)
    join w.intermediate.int_unit_pieces p on p.time_period = f.time_period and p.unit_code = f.unit and p.piece_count > 1
    where m.target_group != 'total' and m.category != 'total'
),
parts as (
    select *, is_last and bool_and(share is not null) over w as takes_rest,
        fte - coalesce(sum(case when not is_last then share end) over w, 0) as rest,
        carried - coalesce(sum(case when not is_last then share_carried end) over w, 0) as rest_carried
    from shares window w as (partition by time_period, unit, measure_id)
)
select p.time_period, p.unit, p.piece_code, m.question, coalesce(m.target_group, 'total') as target_group,
    coalesce(m.category, 'total') as category,
    sum(case when takes_rest then rest else share end) as fte, sum(case when takes_rest then rest_carried else share_carried end) as carried,
    bool_or(is_carried) as is_carried, bool_or(is_rejected) as is_rejected, bool_or(is_half_missing) as is_half_missing,
    true as is_estimated, bool_or(is_weight_estimated or is_piece_estimated) as is_weight_estimated,
    bool_or(fte is not null and share is null) as is_weight_missing
from parts p join held h on h.time_period = p.time_period and h.member_code = p.unit and h.piece_code = p.piece_code
join measures m using (measure_id)
group by grouping sets (
    (p.time_period, p.unit, p.piece_code, m.question, m.target_group, m.category),
    (p.time_period, p.unit, p.piece_code, m.question, m.target_group),
    (p.time_period, p.unit, p.piece_code, m.question, m.category), (p.time_period, p.unit, p.piece_code, m.question)
);

create temp table members as
select a.area_id, m.time_period, m.member_code, m.piece_code, m.counts_as_unit
from w.intermediate.int_area_members m join areas a using (time_period, area_basis, unit_level, unit_code);

-- An area of one whole unit has that unit's figures: nothing to add up.
create temp table single as
select area_id from members group by area_id having count(*) = 1 and count(piece_code) = 0 and bool_and(counts_as_unit);

create temp table fte_areas as
select m.area_id, f.measure_id, f.fte::decimal(18, 6) as fte, f.carried::decimal(18, 6) as carried,
    (f.fte is not null and not f.is_carried)::bigint as answered, 1 as with_cells, f.is_carried, f.is_rejected,
    f.is_half_missing, f.is_estimated, f.is_weight_estimated, false as is_weight_missing
from members m semi join single using (area_id) join fte_numbered f on f.time_period = m.time_period and f.unit = m.member_code
union all
select area_id, measure_id, case when not bool_or(is_weight_missing) then sum(fte)::decimal(18, 6) end,
    case when not bool_or(is_weight_missing) then sum(carried)::decimal(18, 6) end,
    sum((counts_as_unit and fte is not null and not is_carried)::integer), sum(counts_as_unit::integer), bool_or(is_carried),
    bool_or(is_rejected), bool_or(is_half_missing), bool_or(is_estimated), bool_or(is_weight_estimated), bool_or(is_weight_missing)
from (
    select m.area_id, m.counts_as_unit, f.* exclude (time_period, unit)
    from members m anti join single using (area_id)
    join fte_numbered f on f.time_period = m.time_period and f.unit = m.member_code
    where m.piece_code is null
    union all
    select m.area_id, m.counts_as_unit, k.measure_id, p.fte, p.carried, p.is_carried, p.is_rejected, p.is_half_missing,
        p.is_estimated, p.is_weight_estimated, p.is_weight_missing
    from members m join fte_pieces p on p.time_period = m.time_period and p.unit = m.member_code and p.piece_code = m.piece_code
    join measures k using (question, target_group, category)
)
group by area_id, measure_id;

create temp table grid as
with rounds as (select * from w.intermediate.int_rounds),
first_asked as (
    select x.series, k.question, min(k.time_period) as first from asked k join rounds x using (form) group by all
),
categories as (
    select b.code as question, g.code as target_group, c.code as category
    from w.classifications.codelists b cross join w.classifications.codelists g
    join w.classifications.codelists c on c.codelist = b.parent and (c.parent is null or c.parent = g.code)
    where b.codelist = 'fte_breakdown' and g.codelist = 'target_group'
),
asked_categories as (
    select distinct form, question, unnest([target_group, target_group, 'total', 'total']) as target_group,
        unnest([category, 'total', category, 'total']) as category from asked
),
area_rounds as (
    select x.*, a.area_id, a.area_basis, a.unit_level, a.unit_code, a.unit_name, a.units_with_agencies
    from rounds x join areas a on a.time_period = x.time_period and (x.is_delivered or a.unit_level = 'country')
    where a.area_basis = 'reported' or x.time_period <= (select max(newest_period) from w.intermediate.int_newest_period)
),
-- Breaks depend on the area and the question, not on the single category.
questions_rounds as (
    select r.*, q.question, lag(r.time_period) over (
        partition by r.area_basis, r.unit_level, r.unit_code, q.question order by r.time_period) as previous
    from area_rounds r cross join (select distinct question from categories) q
    left join first_asked f on f.series = r.series and f.question = q.question
    where q.question = 'fte_by_service' or r.time_period >= f.first
)
select r.time_period, r.series, r.is_delivered, r.area_id, r.area_basis, r.unit_level, r.unit_code, r.unit_name,
    case when r.is_delivered then r.units_with_agencies end as units_total, r.question, c.target_group, c.category, m.measure_id, k.form is not null as is_asked,
    b.breaks is not null as series_break
from questions_rounds r join categories c using (question)
left join measures m using (question, target_group, category)
left join asked_categories k on k.form = r.form and k.question = r.question and k.target_group = c.target_group and k.category = c.category
left join (
    select q.question, q.time_period, q.previous, count(*) as breaks
    from (select distinct question, time_period, previous from questions_rounds) q
    join w.classifications.series_breaks s on s.indicator = q.question and s.kind not in ('new', 'dropped', 'not_delivered')
        and s.time_period::integer <= q.time_period and s.time_period::integer > coalesce(q.previous, q.time_period - 1)
    group by all
) b on b.question = r.question and b.time_period = r.time_period and b.previous is not distinct from r.previous;

create temp table observations as
with status as (select code, parent from w.classifications.codelists where codelist = 'absence_reason'),
figures as (
    select g.*, case when g.is_asked then f.fte end as fte, f.carried, f.area_id is not null as has_row,
        case when g.is_delivered then coalesce(f.answered, 0) end as answered, coalesce(f.with_cells, 0) as with_cells,
        case
            when not g.is_delivered then 'not_delivered' when not g.is_asked then 'not_asked' when f.fte is not null then null
            when f.is_weight_missing then 'no_weight' when f.is_rejected then 'rejected' else 'not_answered'
        end as absence_reason,
        f.is_carried, f.is_rejected, f.is_half_missing, f.is_estimated, f.is_weight_estimated
    from grid g left join fte_areas f on f.area_id = g.area_id and f.measure_id = g.measure_id
)
select f.* exclude (is_carried, is_rejected, is_half_missing, is_estimated, is_weight_estimated, has_row, with_cells, is_delivered, measure_id),
    case when fte is null then null when fte = 0 then 0 else round(carried::double / fte::double, 10) end as imputed_share,
    case when absence_reason is not null then s.parent when is_carried then 'I' when is_estimated then 'E' else 'A' end as obs_status,
    case when absence_reason is null then nullif(concat_ws(';',
        case when is_rejected or (is_half_missing and unit_level = 'country') then 'rejected_cells' end,
        case when question != 'fte_by_pathway' and with_cells < units_total then 'units_missing' end,
        case when is_weight_estimated then 'weight_estimated' end), '') end as obs_note,
    (f.series, f.time_period) in (select (survey, time_period) from w.intermediate.int_constructed_rounds)
        or (coalesce(is_carried, false) and (f.series, f.time_period - 1) in (select (survey, time_period) from w.intermediate.int_constructed_rounds))
        as is_constructed
from figures f left join status s on s.code = f.absence_reason;

create table fte_by_service as
with rates as (
    select o.time_period, o.area_basis, o.unit_code, o.target_group, o.category, o.fte::double / nullif(p.population::double, 0) * 10000 as rate
    from observations o join w.intermediate.int_area_populations p using (time_period, area_basis, unit_level, unit_code, target_group)
    where o.question = 'fte_by_service' and o.unit_level = 'municipality'
),
unweighted as (
    select m.time_period, m.area_basis, m.unit_level, m.unit_code, r.target_group, r.category,
        sum(r.rate::decimal(28, 14)) / count(r.rate) as rate
    from w.intermediate.int_municipality_areas m
    join rates r on r.time_period = m.time_period and r.area_basis = m.area_basis and r.unit_code = m.municipality_code
    where m.unit_level in ('country', 'county', 'size_group') group by all
)
select o.time_period, o.series, o.unit_level, o.unit_code, o.unit_name, o.area_basis, o.target_group, o.category as service_type,
    o.fte::double as fte, p.population::double as population,
    round(o.fte::double / nullif(p.population::double, 0) * 10000, 10) as fte_per_10000, round(u.rate::double, 10) as fte_per_10000_unweighted,
    o.imputed_share, o.series_break, o.obs_status, o.absence_reason, o.obs_note, o.is_constructed
from observations o
left join w.intermediate.int_area_populations p using (time_period, area_basis, unit_level, unit_code, target_group)
left join unweighted u using (time_period, area_basis, unit_level, unit_code, target_group, category)
where o.question = 'fte_by_service';

create table fte_by_education as
select o.time_period, o.series, o.unit_level, o.unit_code, o.unit_name, o.area_basis, o.target_group, o.category as education,
    o.fte::double as fte, round(o.fte::double / nullif(t.fte::double, 0), 10) as share, o.imputed_share, o.series_break, o.obs_status,
    o.absence_reason, o.obs_note, o.is_constructed
from observations o join observations t
    on t.question = 'fte_by_education' and t.category = 'total' and t.area_id = o.area_id and t.series = o.series and t.target_group = o.target_group
where o.question = 'fte_by_education';

create table fte_by_pathway as
select o.time_period, o.series, o.unit_level, o.unit_code, o.unit_name, o.area_basis, o.target_group, o.category as pathway,
    o.fte::double as fte, round(o.fte::double / nullif(t.fte::double, 0), 10) as share, t.answered::integer as units_answered,
    t.units_total::integer as units_total, o.imputed_share, o.series_break, o.obs_status, o.absence_reason, o.obs_note, o.is_constructed
from observations o join observations t
    on t.question = 'fte_by_pathway' and t.category = 'total' and t.area_id = o.area_id and t.series = o.series and t.target_group = o.target_group
where o.question = 'fte_by_pathway';

-- Indicators.
create temp table rounds as
select (row_number() over ())::integer as round_id, * from w.intermediate.int_indicator_rounds;

create temp table options as
select form, question, answer, min(coalesce(try_cast(code as decimal(18, 6)), 0)) as place, min(code) as code
from w.forms.options where answer is not null group by all;

create temp table boxes as
select form, question, item, target_group, reporting_form, answer, min(line) as place
from questions where type = 'tick' group by all;

-- The choices of each unit; a null answer records that the unit answered.
create temp table choices as
with asked_rounds as (
    select r.round_id, r.unit_set, q.line_id, q.type, q.answer, q.form, q.question
    from rounds r join questions q on q.form = r.form and q.question = r.indicator and q.item = r.question_item
        and q.target_group = r.target_group and q.reporting_form = r.reporting_form
    where q.type in ('code', 'tick')
),
single as (
    select k.round_id, a.unit_id, o.answer
    from answers a join asked_rounds k using (line_id)
    join w.forms.options o on o.form = k.form and o.question = k.question and o.code = code_of(a.t) and o.answer is not null and o.missing_reason is null
    left join w.forms.missing_texts m on m.form = k.form and m.text = code_of(a.t)
        and m.line = (select q.line from questions q where q.line_id = k.line_id)
    where k.type = 'code' and a.t != '' and m.text is null
),
ticked as (
    select k.round_id, a.unit_id, k.answer, lower(code_of(a.t)) != '0' as is_filled
    from answers a join asked_rounds k using (line_id)
    where k.type = 'tick' and lower(code_of(a.t)) in ('0', '1', 'x')
),
beside as (
    -- No filled box is an answer where the accompanying question was answered.
    select distinct b.round_id, a.unit_id
    from w.indicators.indicators i
    join rounds b on b.indicator = i.indicator
    join questions q on q.form = b.form and q.question = i.answered_with and q.type in ('code', 'tick')
    join answers a on a.line_id = q.line_id and a.t != ''
    left join w.forms.options o on o.form = q.form and o.question = q.question and o.code = code_of(a.t)
    left join w.forms.missing_texts m on m.form = q.form and m.line = q.line and m.text = code_of(a.t)
    where b.type = 'tick' and i.answered_with is not null
        and (q.type = 'tick' or o.answer is not null or o.missing_reason is not null or m.text is not null)
)
select round_id, unit_id, answer, 'single' as kind from single
union all select distinct round_id, unit_id, null, 'single' from single
union all select round_id, unit_id, answer, 'multiple' from ticked where is_filled
union all select distinct round_id, unit_id, null, 'multiple' from (select round_id, unit_id from ticked union select round_id, unit_id from beside);

-- The same by the unit that is counted: in the set of municipalities, the most frequent answer of a city's districts.
create temp table voices as
with placed as (
    select c.*, r.unit_set, r.form, r.indicator, r.question_item, r.target_group, r.reporting_form, u.unit, y.unit_level, y.municipality_code
    from choices c join rounds r using (round_id) join units u using (unit_id)
    left join w.intermediate.int_units y on y.time_period = r.time_period and y.unit_code = u.unit
),
votes as (
    select round_id, municipality_code, kind, answer, count(*) as votes, any_value(form) as form, any_value(indicator) as indicator
    from placed where unit_set = 'municipalities' and unit_level = 'city_district' group by round_id, municipality_code, kind, answer
),
elected as (
    select v.round_id, v.municipality_code as member, v.answer from votes v
    join options o on o.form = v.form and o.question = v.indicator and o.answer = v.answer
    where v.kind = 'single'
    qualify row_number() over (partition by v.round_id, v.municipality_code order by v.votes desc, o.place, o.code, o.answer) = 1
)
select round_id, unit as member, answer from placed
where unit_set = 'sample' or unit_level = 'municipality' or (unit_level = 'city_district' and unit_set != 'municipalities')
    or (unit_level = 'agency' and unit_set = 'with_agencies')
union all select * from elected
union all select v.round_id, v.municipality_code, v.answer from votes v
    join votes a on a.round_id = v.round_id and a.municipality_code = v.municipality_code and a.answer is null
    where v.kind = 'multiple' and v.answer is not null and 2 * v.votes > a.votes
union all select round_id, municipality_code, null from votes where answer is null;

-- The answers of each row of an indicator: options, boxes, and the groups whose members it has in full.
create temp table round_answers as
with plain as (
    select distinct r.round_id, r.form, r.indicator, coalesce(o.answer, b.answer) as answer
    from rounds r
    left join options o on r.type = 'code' and o.form = r.form and o.question = r.indicator
    left join boxes b on r.type = 'tick' and b.form = r.form and b.question = r.indicator and b.item = r.question_item
        and b.target_group = r.target_group and b.reporting_form = r.reporting_form
    where r.round_id in (select round_id from voices) and coalesce(o.answer, b.answer) is not null
),
member_lists as (
    select indicator, answer, unnest(string_split(members, '|')) as member from w.indicators.answer_groups
),
form_groups as (
    select f.form, f.indicator, g.answer from member_lists g
    join (select distinct form, indicator, answer from plain) f on f.answer = g.member and g.indicator in (f.indicator, '*')
    join (select indicator, answer, count(*) as n from member_lists group by all) n on n.indicator = g.indicator and n.answer = g.answer
    group by f.form, f.indicator, g.answer, g.indicator having count(*) = max(n.n)
)
select round_id, answer, answer as member from plain
union
select p.round_id, g.answer, m.member from plain p join form_groups g using (form, indicator)
join member_lists m on m.answer = g.answer and m.member = p.answer and m.indicator in (p.indicator, '*');

create temp table grouped as
select distinct v.round_id, v.member, a.answer from voices v join round_answers a on a.round_id = v.round_id and a.member = v.answer
union all
select round_id, member, null from voices where answer is null;

-- Unions of questions, in rounds that did not ask them directly.
create temp table unions as
select r.round_id, g.member, bool_or(coalesce(g.answer, '') = 'yes') as has_yes
from rounds r
join w.indicators.derived_indicators d on d.indicator = r.indicator and d.item = r.item
join rounds s on s.form = r.form and s.indicator = d.source_indicator and (d.source_item = '*' or d.source_item = s.item)
    and not s.is_derived
join grouped g on g.round_id = s.round_id
where r.is_derived group by all;

create temp table all_voices as
select round_id, member, answer from grouped
union all select round_id, member, null from unions
union all select round_id, member, case when has_yes then 'yes' else 'no' end from unions;

create temp table set_areas as
select (row_number() over ())::integer as set_area_id, * from w.intermediate.int_unit_set_sizes;

create temp table set_members as
select s.set_area_id, s.time_period, s.unit_set, m.member_code
from w.intermediate.int_unit_set_members m join set_areas s using (time_period, area_basis, unit_set, unit_level, unit_code);

create temp table counts as
select v.round_id, m.set_area_id, v.answer, count(*) as n
from all_voices v join rounds r using (round_id)
join set_members m on m.time_period = r.time_period and m.unit_set = r.unit_set and m.member_code = v.member
group by v.round_id, m.set_area_id, v.answer;

create table indicator_shares as
with answers_of as (
    select distinct round_id, answer from round_answers
    union select distinct round_id, unnest(['yes', 'no']) from unions
),
limits as (select value::integer as least from w.disclosure.limits where parameter = 'minimum_units'),
-- The search that decides which groups are hidden is left out here.
hidden as (
    select indicator, item, time_period, unit_set, unit_level, unit_code, area_basis from w.intermediate.int_hidden_groups
    where subject = 'indicator_shares'
),
delivered as (
    select r.indicator, a.answer, r.item, r.time_period, s.unit_level, s.unit_code, s.unit_name, s.area_basis, r.unit_set, s.n_units,
        coalesce(n.n, 0) as n_answer, coalesce(t.n, 0) as n_answered,
        case
            when h.indicator is not null then 'confidential'
            when coalesce(t.n, 0) = 0 then 'not_answered'
        end as absence_reason,
        false as is_sample
    from rounds r join answers_of a using (round_id)
    join set_areas s on s.time_period = r.time_period and s.unit_set = r.unit_set
    left join counts n on n.round_id = r.round_id and n.set_area_id = s.set_area_id and n.answer = a.answer
    left join counts t on t.round_id = r.round_id and t.set_area_id = s.set_area_id and t.answer is null
    left join hidden h on h.indicator = r.indicator and h.item = r.item and h.time_period = r.time_period and h.unit_set = r.unit_set
        and h.unit_level = s.unit_level and h.unit_code = s.unit_code and h.area_basis = s.area_basis
),
sampled as (
    select r.indicator, a.answer, r.item, r.time_period, 'country' as unit_level, '0' as unit_code, c.label_nb as unit_name,
        'reported' as area_basis, r.unit_set, f.units_sampled as n_units, count(v.answer) as n_answer, t.n as n_answered,
        case when t.n < (select least from limits) then 'confidential' end as absence_reason, true as is_sample
    from rounds r join answers_of a using (round_id) join w.forms.forms f using (form)
    join w.classifications.codelists c on c.codelist = 'unit_level' and c.code = 'country'
    join (select round_id, count(*) as n from all_voices where answer is null group by all) t using (round_id)
    left join all_voices v on v.round_id = r.round_id and v.answer = a.answer
    where r.unit_set = 'sample' group by all
),
spans as (
    select indicator, item, answer, min(time_period) as first, max(time_period) as last
    from rounds join answers_of using (round_id) where unit_set != 'sample' group by all
),
gaps as (
    select s.indicator, s.answer, s.item, x.time_period, c.unit_level, c.unit_code, c.unit_name, c.area_basis, c.unit_set,
        null::bigint as n_units, null::bigint as n_answer, null::bigint as n_answered,
        case when x.is_delivered then 'not_asked' else 'not_delivered' end as absence_reason, false as is_sample
    from spans s join w.intermediate.int_rounds x on x.time_period > s.first and x.time_period < s.last
    join set_areas c on c.time_period = x.time_period and c.unit_set = 'with_agencies' and c.unit_level = 'country'
    anti join (select distinct r.indicator, r.item, a.answer, r.time_period from rounds r join answers_of a using (round_id) where r.unit_set != 'sample') d
        on d.indicator = s.indicator and d.item = s.item and d.answer = s.answer and d.time_period = x.time_period
),
figures as (
    select *, lag(time_period) over (partition by indicator, answer, item, unit_level, unit_code, area_basis order by time_period) as previous,
        max(n_answer) filter (unit_level = 'country' and absence_reason is null) over country as country_answer,
        max(n_units) filter (unit_level = 'country' and absence_reason is null) over country as country_units
    from (select * from delivered union all select * from sampled union all select * from gaps)
    window country as (partition by indicator, answer, item, time_period)
),
broken as (
    select q.indicator, q.time_period, q.previous from (select distinct indicator, time_period, previous from figures) q
    join w.intermediate.int_series_breaks s on s.indicator = q.indicator and s.kind not in ('new', 'dropped', 'not_delivered')
        and s.time_period <= q.time_period and s.time_period > coalesce(q.previous, q.time_period - 1)
    group by all
)
select f.indicator, f.answer, f.item, f.time_period, f.unit_level, f.unit_code, f.unit_name, f.area_basis,
    case when f.absence_reason is null then f.n_answer end::integer as n_answer,
    case when coalesce(f.absence_reason, 'not_answered') = 'not_answered' then f.n_answered end::integer as n_answered,
    case when coalesce(f.absence_reason, 'not_answered') = 'not_answered' then f.n_units end::integer as n_units,
    case when f.absence_reason is null then round(f.n_answer::double / f.n_answered, 10) end as share_of_answered,
    case when f.absence_reason is null then round(f.n_answer::double / f.n_units, 10) end as share_of_all,
    f.unit_set, b.indicator is not null as series_break,
    case when f.absence_reason is not null then s.parent when f.is_sample then 'U' else 'A' end as obs_status, f.absence_reason,
    null::varchar as obs_note,
    case when f.absence_reason = 'confidential' and f.country_answer is not null then greatest(0, f.country_answer - (f.country_units - f.n_units)) end::integer as n_answer_lower,
    case when f.absence_reason = 'confidential' and f.country_answer is not null then least(f.n_units, f.country_answer) end::integer as n_answer_upper,
    f.time_period in (select time_period from w.intermediate.int_constructed_rounds) as is_constructed
from figures f left join broken b on b.indicator = f.indicator and b.time_period = f.time_period and b.previous is not distinct from f.previous
left join w.classifications.codelists s on s.codelist = 'absence_reason' and s.code = f.absence_reason;
