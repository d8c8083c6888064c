using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentReadiness.Controller.Certificates;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Tests;

/// <summary>When the grant endpoint's certificates are renewed, and what the Secret holds of them.</summary>
public sealed class RotationTests
{
    private const string Host = "aro-grants.platform.svc";
    private static readonly RotationPlan Plan = RotationPlan.Default;
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 0, 0, 0, TimeSpan.Zero);
    private static readonly RotationFacts Fresh = new(
        new Lifetime(Start, Start.AddDays(365)),
        CanIssue: true,
        new Lifetime(Start, Start.AddDays(90)),
        LeafFits: true
    );
    private static readonly RotationFacts Late = Fresh with { Leaf = new Lifetime(Start.AddDays(240), Start.AddDays(330)) };
    private static readonly RotationFacts Announced = Late with { Next = new Lifetime(Start.AddDays(244), Start.AddDays(609)) };
    private static readonly RotationFacts RolledOut = Announced with { RolledOutAt = Start.AddDays(244) };
    private static readonly RotationFacts Switched = Fresh with { SwitchedAt = Start };
    private static readonly RotationFacts Adopted = new(
        new Lifetime(Start, Start.AddDays(3650)),
        CanIssue: false,
        new Lifetime(Start, Start.AddDays(3650)),
        LeafFits: true
    );
    private static readonly RotationFacts LastLeaf = Late with { Leaf = new Lifetime(Start.AddDays(290), Start.AddDays(365)) };

    public static TheoryData<string, RotationFacts?, double, int, RotationStep> Table =>
        new()
        {
            { "nothing is there", null, 0, 0, RotationStep.Create },
            { "all is fresh", Fresh, 1, 0, RotationStep.None },
            { "two thirds of the certificate's life are near", Fresh, 59.9, 0, RotationStep.None },
            { "two thirds of the certificate's life are over", Fresh, 60, 0, RotationStep.Renew },
            { "the certificate ended, the CA did not", Fresh, 100, 0, RotationStep.Renew },
            { "the certificate is not the endpoint's", Fresh with { LeafFits = false }, 1, 0, RotationStep.Renew },
            {
                "a certificate that ends with its CA is not renewed again and again",
                LastLeaf with
                {
                    SwitchedAt = Start.AddDays(345),
                },
                345,
                0,
                RotationStep.None
            },
            { "two thirds of the CA's life are near", Late, 243, 0, RotationStep.None },
            { "two thirds of the CA's life are over", Late, 243.4, 0, RotationStep.Announce },
            {
                "the certificate first, then the CA",
                Late with
                {
                    Leaf = new Lifetime(Start.AddDays(180), Start.AddDays(270)),
                },
                244,
                0,
                RotationStep.Renew
            },
            { "some lack the next CA", Announced, 244.1, 3, RotationStep.None },
            { "all have the next CA", Announced, 244.1, 0, RotationStep.RecordRollout },
            { "the overlap runs", RolledOut, 244 + (0.9 / 24), 0, RotationStep.None },
            { "one lost the next CA while the overlap runs", RolledOut, 244 + (0.9 / 24), 1, RotationStep.ForgetRollout },
            { "one lost the next CA as the overlap ends", RolledOut, 244 + (1.01 / 24), 1, RotationStep.ForgetRollout },
            { "the overlap is over", RolledOut, 244 + (1.01 / 24), 0, RotationStep.Switch },
            { "a clock that was set back only waits", RolledOut, 200, 0, RotationStep.None },
            { "one still lacks it and there is time", Announced, 299, 1, RotationStep.None },
            { "one still lacks it and the CA is about to end", LastLeaf with { Next = Announced.Next }, 335, 1, RotationStep.Switch },
            { "the old CA is still in some hands", Switched, 0.9 / 24, 0, RotationStep.None },
            { "the old CA is in nobody's hands", Switched, 1.01 / 24, 0, RotationStep.Retire },
            { "no other CA while two are trusted", Late with { SwitchedAt = Start.AddDays(244) }, 244, 0, RotationStep.None },
            { "the chart's CA, whose key nobody has", Adopted, 1, 0, RotationStep.Announce },
            { "the chart's, announced", Adopted with { Next = Announced.Next }, 250, 0, RotationStep.RecordRollout },
            {
                "the chart's certificate is about to end",
                Adopted with
                {
                    Next = Announced.Next,
                    Leaf = new Lifetime(Start, Start.AddDays(300)),
                },
                280,
                2,
                RotationStep.Switch
            },
            { "everything ended", Late, 366, 0, RotationStep.Create },
            { "everything ended while the next CA waited", Announced, 366, 5, RotationStep.Switch },
            { "everything ended, the next CA too", Announced, 700, 0, RotationStep.Create },
            { "the chart's certificate ended", Adopted with { Leaf = new Lifetime(Start, Start.AddDays(10)) }, 10, 0, RotationStep.Create },
        };

    [Theory]
    [MemberData(nameof(Table))]
    public void One_step_follows_from_how_it_stands(string situation, RotationFacts? facts, double days, int lacking, RotationStep step) =>
        RotationRules.Decide(facts, Start.AddDays(days), Plan, lacking).ShouldBe(step, situation);

    /// <summary>
    /// The promise itself: whatever a guardrail was given within the overlap, it can check what any replica served within the overlap.
    /// </summary>
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 30)]
    public void Whoever_is_an_overlap_behind_still_trusts_what_is_served_and_three_CAs_are_never_trusted(bool adopted, int slowDays)
    {
        var random = new Random(7);
        CertificateState? state = adopted ? ChartMade() : null;
        var history = new Queue<(DateTimeOffset At, CertificateState State)>();
        var steps = new Dictionary<RotationStep, int>();
        // Finely where a CA changes, coarsely where nothing happens for months.
        for (
            var now = Start;
            now < Start.AddDays(2 * 365);
            now += state is { Next: null, SwitchedAt: null } ? TimeSpan.FromHours(3) : TimeSpan.FromMinutes(10)
        )
        {
            var slow = slowDays > 0 && state?.Next is { } next && now < next.Lifetime(Plan).From.AddDays(slowDays) && random.Next(3) > 0;
            var step = RotationRules.Decide(state?.Facts(Plan, Host), now, Plan, slow ? 1 : 0);
            state = CertificateIssuer.Carry(step, state, Host, now, Plan);
            steps[step] = steps.GetValueOrDefault(step) + 1;

            history.Enqueue((now, state));
            // What was there as the overlap began stays.
            while (history.Count > 1 && history.ElementAt(1).At <= now - Plan.Overlap)
                history.Dequeue();
            foreach (var (at, before) in history)
            {
                before.Bundle.ShouldContain(
                    state.Ca.Pem,
                    customMessage: $"{now:O}: who has the bundle of {at:O} does not know what is served"
                );
                state.Bundle.ShouldContain(
                    before.Ca.Pem,
                    customMessage: $"{now:O}: a replica that serves what was there {at:O} is not known"
                );
            }
            state.Bundle.Split("BEGIN CERTIFICATE").Length.ShouldBeLessThanOrEqualTo(3);
            now.ShouldBeLessThan(state.Leaf.Lifetime(Plan).To);
        }
        steps.GetValueOrDefault(RotationStep.Create).ShouldBe(adopted ? 0 : 1);
        steps[RotationStep.Switch].ShouldBeInRange(2, 4);
        steps[RotationStep.Retire].ShouldBeInRange(2, 4);
        steps[RotationStep.Renew].ShouldBeInRange(6, 14);
    }

    [Fact]
    public void What_is_made_is_what_a_client_demands()
    {
        var state = CertificateIssuer.Carry(RotationStep.Create, null, Host, TimeProvider.System.GetUtcNow(), Plan);
        foreach (var name in new[] { Host, $"{Host}.cluster.local" })
            state.Leaf.Certificate.MatchesHostname(name).ShouldBeTrue(name);
        state.Leaf.Certificate.MatchesHostname("other.platform.svc").ShouldBeFalse();
        state.Leaf.Certificate.GetECDsaPrivateKey()!.KeySize.ShouldBe(256);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(state.Bundle);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        chain.Build(state.Leaf.Certificate).ShouldBeTrue(string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
        CertificateIssuer
            .Carry(RotationStep.Create, null, "10.1.2.3", TimeProvider.System.GetUtcNow(), Plan)
            .Leaf.Certificate.MatchesHostname("10.1.2.3")
            .ShouldBeTrue();
    }

    [Fact]
    public void The_Secret_holds_all_of_it_and_nothing_that_is_over()
    {
        var state = CertificateIssuer.Carry(RotationStep.Create, null, Host, Start, Plan);
        state = CertificateIssuer.Carry(RotationStep.Announce, state, Host, Start, Plan);
        state = CertificateIssuer.Carry(RotationStep.RecordRollout, state, Host, Start.AddTicks(1), Plan);
        Read(state.Data()).State!.Data().ToJsonString().ShouldBe(state.Data().ToJsonString());
        state = CertificateIssuer.Carry(RotationStep.Switch, state, Host, Start, Plan);
        var read = Read(state.Data()).State!;
        read.Data().ToJsonString().ShouldBe(state.Data().ToJsonString());
        (read.Next, read.RolledOutAt, read.SwitchedAt, read.Previous!.Key).ShouldBe((null, null, Start, null));
        read.ToString().ShouldNotContain("PRIVATE KEY");
        Read(state.Data()).ToString()!.ShouldNotContain("PRIVATE KEY");
    }

    [Fact]
    public void What_cannot_be_read_is_told_without_a_key_and_nothing_is_no_fault()
    {
        Read([]).ShouldSatisfyAllConditions(view => view.State.ShouldBeNull(), view => view.Problem.ShouldBeNull());
        var data = CertificateIssuer.Carry(RotationStep.Create, null, Host, Start, Plan).Data();
        var other = CertificateIssuer.Carry(RotationStep.Create, null, Host, Start, Plan).Data();
        foreach (
            var (key, value) in new[]
            {
                ("tls.key", null),
                ("tls.key", other["tls.key"]!.GetValue<string>()),
                ("ca.crt", "bm8="),
                ("tls.crt", "%"),
                ("next-ca.crt", other["ca.crt"]!.GetValue<string>()),
            }
        )
        {
            var broken = (JsonObject)data.DeepClone();
            broken[key] = value;
            var view = Read(broken);
            view.State.ShouldBeNull(key);
            view.Problem.ShouldNotBeNullOrEmpty(key);
            view.Problem.ShouldNotContain("PRIVATE KEY");
        }
    }

    [Fact]
    public void What_Helm_had_made_is_served_until_the_operators_own_is_there()
    {
        var chart = ChartMade();
        var data = new JsonObject
        {
            ["old-ca.crt"] = Base64(chart.Ca.Pem),
            ["old-tls.crt"] = Base64(chart.Leaf.Pem),
            ["old-tls.key"] = Base64(chart.Leaf.Key!),
        };
        var adopted = Read(data).State!;
        (adopted.Ca.Key, adopted.Bundle).ShouldBe((null, chart.Ca.Pem));
        adopted.Leaf.Certificate.HasPrivateKey.ShouldBeTrue();
        var own = CertificateIssuer.Carry(RotationStep.Announce, adopted, Host, Start, Plan);
        foreach (var (key, value) in own.Data())
            data[key] = value?.DeepClone();
        Read(data).State!.Bundle.ShouldBe(own.Bundle);
    }

    [Theory]
    [InlineData("GRANTS_OVERLAP", "2m", "shorter than 3 minutes")]
    [InlineData("GRANTS_CERTIFICATE_LIFE", "5h", "six overlaps")]
    [InlineData("GRANTS_CA_LIFE", "2161h", "two certificates")]
    [InlineData("GRANTS_CA_LIFE", "a year", "GRANTS_CA_LIFE")]
    [InlineData("GRANTS_TLS_DIR", "/tls", "set one of")]
    [InlineData("GRANTS_SECRET", "", "set one of")]
    [InlineData("GRANTS_CA_LIFE", "4320h", null)]
    public void Settings_that_would_lose_requests_are_refused(string name, string value, string? fault)
    {
        var variables = new[]
        {
            "POD_NAMESPACE",
            "POD_NAME",
            "POD_IP",
            "GUARDRAIL_IMAGE",
            "EVAL_RUNNER_IMAGE",
            "GRANTS_URL",
            "GRANTS_SECRET",
        }.ToDictionary(one => one, _ => "x");
        variables[name] = value;
        if (fault is null)
            OperatorOptions.FromEnvironment(variables.GetValueOrDefault).Rotation.CaLife.ShouldBe(TimeSpan.FromHours(4320));
        else
            Should
                .Throw<InvalidOperationException>(() => OperatorOptions.FromEnvironment(variables.GetValueOrDefault))
                .Message.ShouldContain(fault);
    }

    // A CA whose key is gone, and keys as Helm's functions write them.
    private static CertificateState ChartMade()
    {
        using var caKey = RSA.Create(2048);
        using var key = RSA.Create(2048);
        var authority = new CertificateRequest("CN=aro-grants-ca", caKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var ca = authority.CreateSelfSigned(Start, Start.AddDays(3650));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        var request = new CertificateRequest($"CN={Host}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(names.Build());
        using var leaf = request.Create(ca, Start, Start.AddDays(3650), [1]);
        return new CertificateState
        {
            Ca = new KeyedCertificate(ca.ExportCertificatePem(), null),
            Leaf = new KeyedCertificate(leaf.ExportCertificatePem(), key.ExportRSAPrivateKeyPem()),
        };
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static CertificateView Read(JsonObject data) =>
        CertificateView.Of(JsonDocument.Parse(new JsonObject { ["data"] = data.DeepClone() }.ToJsonString()).RootElement);
}
