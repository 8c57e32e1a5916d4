namespace Received.Usage.ClickHouse;

/// <summary>As the server answers; the lower half first.</summary>
readonly struct Int256(UInt128 lower, Int128 upper)
{
    readonly UInt128 _lower = lower;
    readonly Int128 _upper = upper;

    public Int128 ToInt128()
    {
        var value = unchecked((Int128)_lower);
        return _upper == (value < 0 ? -1 : 0)
            ? value
            : throw new OverflowException("A sum of totals is beyond 128 bits.");
    }
}
