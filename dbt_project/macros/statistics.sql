{# The two-sided probability that a standard normal variable is at least as far from 0 as z. Neither engine has the
   normal distribution; this is Hart's rational approximation (algorithm 5666), exact to 14 digits for |z| below 7.07, and a
   continued fraction beyond. #}
{% macro two_sided_p(z) -%}
    {%- set x = 'abs(' ~ z ~ ')' -%}
    case
        when {{ x }} < 7.07106781186547 then
            2 * exp(-{{ x }} * {{ x }} / 2)
            * {{ polynomial(x, [
                '3.52624965998911e-2', '0.700383064443688e0', '6.37396220353165e0', '33.912866078383e0', '112.079291497871e0',
                '221.213596169931e0', '220.206867912376e0',
            ]) }}
            / {{ polynomial(x, [
                '8.83883476483184e-2', '1.75566716318264e0', '16.064177579207e0', '86.7807322029461e0', '296.564248779674e0',
                '637.333633378831e0', '793.826512519948e0', '440.413735824752e0',
            ]) }}
        else
            2 * exp(-{{ x }} * {{ x }} / 2) / 2.506628274631e0
            / ({{ x }} + 1 / ({{ x }} + 2 / ({{ x }} + 3 / ({{ x }} + 4 / ({{ x }} + 0.65e0)))))
    end
{%- endmacro %}

{# The value of a polynomial, by Horner's rule; the coefficient of the highest power comes first. #}
{% macro polynomial(x, coefficients) -%}
    {%- set ns = namespace(text=coefficients[0]) -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set ns.text = '(' ~ ns.text ~ ' * ' ~ x ~ ' + ' ~ coefficient ~ ')' -%}
    {%- endfor -%}
    {{ ns.text }}
{%- endmacro %}
