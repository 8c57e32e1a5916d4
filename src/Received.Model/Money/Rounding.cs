using System.Numerics;

namespace Received.Model;

/// <summary>
/// The one place where an exact number becomes a rounded one (law 8): the commercial rule, halves away from zero. Where
/// a document rounds: each line's net amount, and each tax's amount (EN 16931 BR-CO-17); nowhere else.
/// </summary>
public static class Rounding
{
    /// <exception cref="DivideByZeroException">No denominator.</exception>
    public static BigInteger HalfAwayFromZero(BigInteger numerator, BigInteger denominator)
    {
        var negative = numerator.Sign * denominator.Sign < 0;
        var (whole, rest) = BigInteger.DivRem(BigInteger.Abs(numerator), BigInteger.Abs(denominator));
        if (rest * 2 >= BigInteger.Abs(denominator)) whole++;
        return negative ? -whole : whole;
    }
}
