using System.Text;
using Received.Model;
using Received.Server.Api;
using Received.Usage;
using Xunit;

namespace Received.Tests.Server;

public sealed class PageCursorTests
{
    [Fact]
    public void A_totals_cursor_comes_back_as_it_was()
    {
        var cursor = new TotalsCursor(-900_000, "c\"ü\n", "", "USD", "entity\u0000");
        Assert.True(PageCursor.TryParse(PageCursor.Format(cursor, "q"), "q", out TotalsCursor? read));
        Assert.Equal(cursor, read);
    }

    [Fact]
    public void An_event_cursor_comes_back_as_it_was()
    {
        var position = new LogPosition(3, new(7), 1L << 40, 65_535);
        Assert.True(PageCursor.TryParse(PageCursor.Format(position, "q"), "q", out LogPosition read));
        Assert.Equal(position, read);
    }

    [Fact]
    public void A_cursor_of_another_question_is_refused()
    {
        var text = PageCursor.Format(new LogPosition(1, new(0), 5, 0), "account 1");
        Assert.False(PageCursor.TryParse(text, "account 2", out LogPosition _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("%%%")]
    [InlineData("bnVsbA")]
    [InlineData("W10")]
    [InlineData("W251bGxd")]
    [InlineData("eyJhIjoxfQ")]
    public void Nonsense_is_refused(string text)
    {
        Assert.False(PageCursor.TryParse(text, "q", out LogPosition _));
        Assert.False(PageCursor.TryParse(text, "q", out TotalsCursor? _));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("-2", "'-2")]
    [InlineData("+2,5", "\"'+2,5\"")]
    [InlineData("\t=1", "'\t=1")]
    public void Csv_text_is_quoted_and_is_no_formula(string text, string expected)
    {
        var line = new StringBuilder();
        CsvText.AppendText(line, text);
        Assert.Equal(expected, line.ToString());
    }
}
