namespace Received.Log;

/// <summary>
/// Division by powers of ten where nothing remains. 10^k is 2^k times an odd number, and dividing by an odd number
/// without remainder is multiplying by its inverse modulo 2^n: one multiplication instead of a 128-bit division. Where
/// something does remain, the product falls outside the quotients that are possible, and that is the test.
/// </summary>
static class ExactDivision
{
    const int PowerMax = 12;

    static readonly Int128[] Inverses = new Int128[PowerMax + 1];
    static readonly Int128[] QuotientMax = new Int128[PowerMax + 1];
    static readonly long[] InversesNarrow = new long[PowerMax + 1];
    static readonly long[] QuotientMaxNarrow = new long[PowerMax + 1];

    static ExactDivision()
    {
        long odd = 1;
        for (var power = 0; power <= PowerMax; power++, odd *= 5)
        {
            Inverses[power] = Inverse(odd);
            InversesNarrow[power] = unchecked((long)Inverses[power]);
            QuotientMax[power] = Int128.MaxValue / odd;
            QuotientMaxNarrow[power] = long.MaxValue / odd;
        }
    }

    /// <summary>Newton's way: each step doubles the bits that are right, and three are at the start.</summary>
    static Int128 Inverse(Int128 odd)
    {
        var inverse = odd;
        for (var bits = 3; bits < 128; bits *= 2) inverse = unchecked(inverse * (2 - (odd * inverse)));
        return inverse;
    }

    /// <summary>False where 10^<paramref name="power"/> does not divide the value.</summary>
    public static bool TryDivide(long value, int power, out long quotient)
    {
        quotient = value;
        if (power == 0) return true;
        quotient = unchecked((value >> power) * InversesNarrow[power]);
        return (value & ((1L << power) - 1)) == 0
            && quotient <= QuotientMaxNarrow[power] && quotient >= -QuotientMaxNarrow[power];
    }

    public static bool TryDivide(Int128 value, int power, out Int128 quotient)
    {
        quotient = value;
        if (power == 0) return true;
        quotient = unchecked((value >> power) * Inverses[power]);
        return (value & (((Int128)1 << power) - 1)) == 0
            && quotient <= QuotientMax[power] && quotient >= -QuotientMax[power];
    }
}
