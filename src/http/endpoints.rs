//! What an address is and what may be done there, as a table: routing, the header `Allow` and the description for
//! programs (`openapi`) follow the same one.

use actix_web::guard::{self, Guard};
use actix_web::http::{Method, header};
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, Route, web};

/// One address and its handlers.
pub(super) struct Endpoint {
    /// In actix's notation: `/api/v1/records/{seq}`.
    pub(super) path: &'static str,
    pub(super) methods: Vec<Method>,
    routes: Vec<Route>,
}

impl Endpoint {
    pub(super) fn new(path: &'static str) -> Endpoint {
        Endpoint { path, methods: Vec::new(), routes: Vec::new() }
    }

    pub(super) fn get(path: &'static str, route: Route) -> Endpoint {
        Endpoint::new(path).and(Method::GET, route)
    }

    /// `route` is `web::route()…to(handler)`.
    pub(super) fn and(mut self, method: Method, route: Route) -> Endpoint {
        self.methods.push(method);
        self.routes.push(route);
        self
    }
}

/// Serves them, and answers 405 with `Allow` to whatever else is tried there.
pub(super) fn register(endpoints: Vec<Endpoint>, config: &mut ServiceConfig) {
    for endpoint in endpoints {
        let mut allowed: Vec<String> = endpoint.methods.iter().map(Method::to_string).collect();
        if endpoint.methods.contains(&Method::GET) {
            allowed.push("HEAD".to_owned());
        }
        let allow = allowed.join(", ");
        let mut resource = web::resource(endpoint.path);
        for route in endpoint.routes {
            resource = resource.route(route);
        }
        config.service(resource.default_service(web::to(move || {
            let allow = allow.clone();
            async move { HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, allow)).finish() }
        })));
    }
}

/// `GET`, and `HEAD`, which is the same without the body.
pub(super) fn read() -> Route {
    web::route().guard(get_or_head())
}

fn get_or_head() -> impl Guard {
    guard::Any(guard::Get()).or(guard::Head())
}
