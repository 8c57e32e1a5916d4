using System.Text;
using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;
using Received.Server.Demo.FakeStripe;
using Stripe;
using Xunit;

namespace Received.Tests.Billing.Payments;

public sealed class StripeSignatureTests
{
    const string Secret = "whsec_test_secret";
    const string Mac = "aecbc681fe3d2604c08ff8e880a0988d997a12367fcf9545e6a3b90c1dfc04b7";

    static readonly byte[] Body = """{"a":1}"""u8.ToArray();
    static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    [Fact]
    public void A_known_body_has_its_known_signature()
    {
        Assert.Equal($"t=1700000000,v1={Mac}", WebhookPush.Sign(Body, Secret, At));
        Assert.Equal(NoticeCheck.Genuine, Check($"t=1700000000,v1={Mac}"));
        EventUtility.ValidateSignature(
            Encoding.UTF8.GetString(Body), WebhookPush.Sign(Body, Secret, At), Secret, 300,
            At.ToUnixTimeSeconds());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("t=1700000000")]
    [InlineData("v1=" + Mac)]
    [InlineData("t=1700000001,v1=" + Mac)]
    [InlineData("t=-1700000000,v1=" + Mac)]
    [InlineData("t=99999999999999999999,v1=" + Mac)]
    [InlineData("t=1700000000,v0=" + Mac)]
    [InlineData("t=1700000000,v1=" + Mac + "00")]
    [InlineData("t=1700000000,v1=aecbc681")]
    [InlineData("t=1700000000,v1=zz")]
    public void A_header_of_someone_else_is_forged(string? header) =>
        Assert.Equal(NoticeCheck.Forged, Check(header));

    [Fact]
    public void Any_of_two_signatures_and_any_of_two_secrets_will_do()
    {
        Assert.Equal(NoticeCheck.Genuine, Check($"t=1700000000, v1={new string('0', 64)}, v1={Mac}"));
        Assert.Equal(NoticeCheck.Genuine, Check($"t=1700000000,v1={Mac}", secrets: ["whsec_new", Secret]));
        Assert.Equal(NoticeCheck.Forged, Check($"t=1700000000,v1={Mac}", secrets: ["whsec_new"]));
        Assert.Equal(NoticeCheck.Forged, Check($"t=1700000000,v1={Mac}", secrets: []));
    }

    [Theory]
    [InlineData(300, NoticeCheck.Genuine)]
    [InlineData(-300, NoticeCheck.Genuine)]
    [InlineData(301, NoticeCheck.TooOld)]
    [InlineData(-301, NoticeCheck.TooOld)]
    public void A_signature_is_good_for_five_minutes(int seconds, NoticeCheck expected) =>
        Assert.Equal(expected, Check($"t=1700000000,v1={Mac}", seconds));

    static NoticeCheck Check(string? header, int seconds = 0, string[]? secrets = null) => StripeSignature.Check(
        Body, header, secrets ?? [Secret], At.AddSeconds(seconds), TimeSpan.FromMinutes(5));
}
