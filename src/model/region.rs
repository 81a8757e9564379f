//! The regions in which HSS exists, and where their endpoints are.
//!
//! Source: the region tables of the vendor's SDKs. They follow one pattern, with the exceptions below. Partner and private
//! clouds are not here: their endpoints are configured.

/// The regions whose HSS endpoint is known.
pub const REGIONS: [&str; 32] = [
    "ae-ad-1",
    "af-north-1",
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "cn-east-2",
    "cn-east-3",
    "cn-east-4",
    "cn-east-5",
    "cn-north-1",
    "cn-north-11",
    "cn-north-12",
    "cn-north-2",
    "cn-north-4",
    "cn-north-9",
    "cn-south-1",
    "cn-south-2",
    "cn-south-4",
    "cn-southwest-2",
    "cn-southwest-3",
    "eu-west-101",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "my-kualalumpur-1",
    "na-mexico-1",
    "ru-moscow-1",
    "sa-brazil-1",
    "tr-west-1",
];

/// The HSS endpoint of a region, if the region is known.
pub fn hss_endpoint(region: &str) -> Option<String> {
    REGIONS.contains(&region).then(|| format!("https://hss.{region}.{}", domain(region)))
}

/// The IAM endpoint of a region, if the region is known.
pub fn iam_endpoint(region: &str) -> Option<String> {
    REGIONS.contains(&region).then(|| format!("https://iam.{region}.{}", domain(region)))
}

/// The endpoint of the enterprise project service for a region, if the region is known: one for most of them.
pub fn eps_endpoint(region: &str) -> Option<String> {
    let host = match region {
        "eu-west-101" | "my-kualalumpur-1" | "ru-moscow-1" => format!("eps.{region}"),
        _ => "eps".to_owned(),
    };
    REGIONS.contains(&region).then(|| format!("https://{host}.{}", domain(region)))
}

fn domain(region: &str) -> &'static str {
    match region {
        "eu-west-101" => "myhuaweicloud.eu",
        _ => "myhuaweicloud.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn europe_has_a_domain_of_its_own() {
        assert_eq!(hss_endpoint("cn-north-4").as_deref(), Some("https://hss.cn-north-4.myhuaweicloud.com"));
        assert_eq!(hss_endpoint("eu-west-101").as_deref(), Some("https://hss.eu-west-101.myhuaweicloud.eu"));
        assert_eq!(hss_endpoint("cn-north-99"), None);
        assert_eq!(iam_endpoint("eu-west-101").as_deref(), Some("https://iam.eu-west-101.myhuaweicloud.eu"));
        assert_eq!(iam_endpoint("cn-north-4").as_deref(), Some("https://iam.cn-north-4.myhuaweicloud.com"));
        assert_eq!(iam_endpoint("cn-north-99"), None);
    }

    #[test]
    fn most_regions_share_one_service_of_enterprise_projects() {
        assert_eq!(eps_endpoint("cn-north-4").as_deref(), Some("https://eps.myhuaweicloud.com"));
        assert_eq!(eps_endpoint("eu-west-101").as_deref(), Some("https://eps.eu-west-101.myhuaweicloud.eu"));
        assert_eq!(eps_endpoint("ru-moscow-1").as_deref(), Some("https://eps.ru-moscow-1.myhuaweicloud.com"));
        assert_eq!(eps_endpoint("nowhere-1"), None);
    }

    #[test]
    fn regions_are_sorted_and_there_once() {
        assert!(REGIONS.is_sorted_by(|a, b| a < b));
    }
}
