using System.Globalization;
using Received.Usage.DuckDb;
using Xunit;

namespace Received.Tests.Usage;

public sealed class LightThreadTests
{
    [Fact]
    public void Light_work_has_little_weight_and_its_caller_keeps_its_own()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Only Linux weighs threads.");
        var before = Nice();
        Assert.Equal(Math.Max(10, before), LightThread.Run(Nice));
        Assert.Equal(before, Nice());
    }

    [Fact]
    public void What_light_work_throws_its_caller_gets()
    {
        var thrown = Assert.Throws<InvalidDataException>(
            () => LightThread.Run<int>(() => throw new InvalidDataException("as it was")));
        Assert.Equal("as it was", thrown.Message);
    }

    // proc(5): behind the name, which ends with the last bracket, nice is the 17th field.
    static int Nice()
    {
        var text = File.ReadAllText("/proc/thread-self/stat");
        return int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
    }
}
