with numbers as (
    select * from {{ ref('int_doubtful_numbers') }}
),

blocks as (
    select
        block_id,
        question,
        sum(case when is_answer and not is_doubtful then coalesce(number_value, 0) else 0 end) as sure_fte,
        sum(case when is_answer and number_value is null then 1 else 0 end) as unread_count,
        sum(case when is_answer and is_doubtful then 1 else 0 end) as doubtful_count,
        sum(case when is_answer and is_doubtful then number_value else 0 end) as doubtful_fte,
        min(case when is_answer and is_doubtful then number_value end) as smallest_code,
        max(case when not is_answer and not is_doubtful then number_value end) as typed_sum,
        max(case when not is_answer then number_value end) as doubtful_typed_sum
    from numbers
    group by block_id, question
),

summed as (
    select
        *,
        coalesce(typed_sum, case when unread_count + doubtful_count = 0 then sure_fte end) as known_sum
    from blocks
),

other_sums as (
    -- The sum of the same FTE by another breakdown, where that breakdown can be read completely.
    select
        block_id,
        max(case when question = 'fte_by_service' then known_sum end) as fte_by_service,
        max(case when question = 'fte_by_education' then known_sum end) as fte_by_education
    from summed
    group by block_id
),

measured as (
    select
        blocks.block_id,
        blocks.question,
        blocks.sure_fte,
        blocks.unread_count,
        blocks.doubtful_count,
        blocks.doubtful_fte,
        blocks.smallest_code,
        coalesce(
            blocks.typed_sum,
            other_sums.fte_by_service,
            other_sums.fte_by_education,
            blocks.doubtful_typed_sum
        ) as block_sum
    from blocks
    inner join other_sums
        on blocks.block_id = other_sums.block_id
    where blocks.doubtful_count > 0
),

doubtful_cells as (
    select
        numbers.row_key,
        numbers.column_number,
        numbers.number_value,
        measured.*,
        -- The part of the sum that the undoubted cells leave for the doubtful ones.
        measured.block_sum - measured.sure_fte as room
    from numbers
    inner join measured
        on numbers.block_id = measured.block_id
        and numbers.question = measured.question
    where numbers.is_answer and numbers.is_doubtful
),

fitted as (
    select
        *,
        abs(room - number_value) * 3 <= number_value as is_the_room,
        sum(case when abs(room - number_value) * 3 <= number_value then 1 else 0 end)
            over (partition by block_id, question) as fitting_count
    from doubtful_cells
)

-- Breakdowns differ a little and typed sums are not exact to the decimal, so a number fits when it differs from the room by
-- at most a third of itself.
select
    row_key,
    column_number,
    number_value,
    block_sum,
    room,
    case
        when block_sum is null then 'ambiguous_code'
        when number_value * 10 > block_sum * 11 or room * 3 <= smallest_code then 'missing_code'
        -- A cell that cannot be read may account for the room.
        when unread_count > 0 then 'ambiguous_code'
        when room * 3 >= doubtful_fte * 3 - smallest_code then 'answer'
        when doubtful_count > 1 and fitting_count = 1 and is_the_room then 'answer'
        when doubtful_count > 1 and fitting_count = 1 then 'missing_code'
        else 'ambiguous_code'
    end as verdict
from fitted
